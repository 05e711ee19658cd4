"""The script that makes a JavaScript call in a patched checkout and reports its value as a literal."""

from __future__ import annotations

import json

from livhana_assets.adapters.rules_analyst.javascript_calls import JavaScriptCall

SCRIPT = """const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const report = (told) => fs.writeSync(Number(process.env.LIVHANA_REPORT_FD), JSON.stringify(told) + '\\n');

// The working directory is the checkout, or a folder of it.
function found(file) {
  let top = process.cwd();
  while (!fs.existsSync(path.join(top, file)) && path.dirname(top) !== top) top = path.dirname(top);
  return path.join(top, file);
}

// The value's code, or null where it has none.
function literal(value) {
  if (value === undefined || value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'new Date(NaN)' : `new Date('${value.toISOString()}')`;
  if (Array.isArray(value)) return joined('[', value.map(literal), ']');
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return null;
  return joined('{ ', Object.entries(value).map(([key, item]) => pair(key, literal(item))), ' }');
}

function pair(key, code) {
  return code === null ? null : `${/^[A-Za-z_$][\\w$]*$/.test(key) && key !== '__proto__' ? key : JSON.stringify(key)}: ${code}`;
}

function joined(open, items, close) {
  return items.includes(null) ? null : items.length ? open + items.join(', ') + close : open.trim() + close.trim();
}

const typeOf = (value) => (value === null || value === undefined ? String(value) : value.constructor?.name ?? typeof value);

(async () => {
  try {
    const loaded = await LOAD;
    const LOCAL = EXPORTED;
    const call = () => CALL;
    const value = await call();
    const told = literal(value);
    // A value that differs from call to call, such as the time, cannot be asserted.
    report({ value: told === literal(await call()) ? told : null, type: typeOf(value) });
  } catch (error) {
    report({ raises: error?.name ?? 'Error', message: String(error?.message).slice(0, 500) });
  }
})();
"""


def probe_script(call: JavaScriptCall, module: bool) -> str:
    """Writes {"value": literal or null, "type": name} or {"raises": name, "message": text} to the report."""
    place = f"found({json.dumps(call.path)})"
    load = f"import(pathToFileURL({place}))" if module else f"require({place})"
    exported = f"loaded.{call.name}" if call.name else "loaded.default" if module else "loaded"
    script = SCRIPT.replace("LOAD;", f"{load};").replace("LOCAL = EXPORTED", f"{call.local} = {exported}")
    return script.replace("() => CALL;", f"() => {call.code};")
