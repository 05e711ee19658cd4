"""Fix templates for JavaScript, one small file each."""

from livhana_assets.adapters.rules_analyst.javascript_templates import (
    empty_reduce,
    invalid_date,
    missing_collection,
    missing_property,
)

TEMPLATES = (missing_property.TEMPLATE, missing_collection.TEMPLATE, empty_reduce.TEMPLATE, invalid_date.TEMPLATE)
