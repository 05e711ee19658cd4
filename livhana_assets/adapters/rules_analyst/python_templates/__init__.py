"""Fix templates for Python, one small file each."""

from livhana_assets.adapters.rules_analyst.python_templates import (
    changed_while_iterated,
    division_by_zero,
    empty_sequence,
    failed_conversion,
    missing_key,
    missing_sort_key,
    missing_value,
    misspelt_name,
    not_a_member,
    unbound_local,
    wrong_count,
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
    missing_sort_key.TEMPLATE,
    wrong_count.TEMPLATE,
    not_a_member.TEMPLATE,
    changed_while_iterated.TEMPLATE,
)
