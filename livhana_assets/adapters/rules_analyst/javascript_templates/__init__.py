"""Fix templates for JavaScript, one small file each."""

from livhana_assets.adapters.rules_analyst.registry import Template

TEMPLATES: tuple[Template, ...] = ()
