"""Fix templates for Python, one small file each."""

from livhana_assets.adapters.rules_analyst.python_templates import (
    division_by_zero,
    empty_sequence,
    failed_conversion,
    missing_key,
    missing_value,
    misspelt_name,
    unbound_local,
    wrong_type,
)

TEMPLATES = (
    missing_value.TEMPLATE,
    missing_key.TEMPLATE,
    empty_sequence.TEMPLATE,
    wrong_type.TEMPLATE,
    failed_conversion.TEMPLATE,
    unbound_local.TEMPLATE,
    division_by_zero.TEMPLATE,
    misspelt_name.TEMPLATE,
)
