"""The environment of a target's code: the same few names everywhere, nothing of ours."""

from __future__ import annotations

from collections.abc import Mapping

REPORT = "LIVHANA_REPORT_FD"


def inside(report: int, home: str, temporary: str, more: Mapping[str, str]) -> dict[str, str]:
    """`more` may add names and change these, except the report's descriptor."""
    fixed = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": temporary,
        "USER": "sandbox",
        "LOGNAME": "sandbox",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    return {**fixed, **more, REPORT: str(report)}
