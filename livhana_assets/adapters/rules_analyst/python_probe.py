"""The script that makes a call in a patched checkout and reports its value as a literal."""

from __future__ import annotations

from collections.abc import Sequence

SCRIPT = '''import json, math, os, sys

# The working directory is the checkout, or a folder of it.
top = os.getcwd()
while not os.path.exists(os.path.join(top, {file!r})) and os.path.dirname(top) != top:
    top = os.path.dirname(top)
sys.path.insert(0, os.path.join(top, {root!r}))


def report(**told):
    os.write(int(os.environ["LIVHANA_REPORT_FD"]), (json.dumps(told) + "\\n").encode())


def literal(value):
    """The value's code, or None where it has none."""
    kind = type(value)
    if value is None or kind in (bool, int, str, bytes) or kind is float and math.isfinite(value):
        return repr(value)
    if kind.__module__ in ("decimal", "datetime") and kind.__name__ in ("Decimal", "date", "datetime", "timedelta"):
        return repr(value)
    if kind is dict:
        pairs = [(literal(key), literal(item)) for key, item in value.items()]
        return None if any(None in pair for pair in pairs) else "{{" + ", ".join(f"{{k}}: {{v}}" for k, v in pairs) + "}}"
    if kind in (list, tuple, set):
        items = [literal(item) for item in value]
        if None in items:
            return None
        if kind is set:
            return "{{" + ", ".join(sorted(items)) + "}}" if items else "set()"
        inner = ", ".join(items)
        return f"[{{inner}}]" if kind is list else f"({{inner}},)" if len(items) == 1 else f"({{inner}})"
    return None


try:
{imports}
{helper}
    def call():
        return {call}

    value = call()
    told, again = literal(value), literal(call())
except Exception as error:
    report(raises=type(error).__name__, message=str(error)[:500])
else:
    # A value that differs from call to call, such as the time, cannot be asserted.
    report(value=told if told == again else None, type=type(value).__name__)
'''


def probe_script(call: str, imports: Sequence[str], helper: str, file: str, root: str) -> str:
    """Writes {"value": literal or null, "type": name} or {"raises": name, "message": text} to the report."""
    return SCRIPT.format(
        file=file, root=root, imports=_indented("\n".join(imports)), helper=_indented(helper), call=call
    )


def _indented(code: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in code.splitlines())
