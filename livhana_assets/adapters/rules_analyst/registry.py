"""The list of fix templates. A new one: a file in `python_templates/` or `javascript_templates/`, and a line in that package's list."""

from __future__ import annotations

from livhana_assets.adapters.rules_analyst.javascript_templates import TEMPLATES as JAVASCRIPT
from livhana_assets.adapters.rules_analyst.python_templates import TEMPLATES as PYTHON
from livhana_assets.adapters.rules_analyst.template import Template


def templates() -> tuple[Template, ...]:
    """All of them. Their order decides nothing; likelihood does."""
    return (*PYTHON, *JAVASCRIPT)
