// A reporter for `node --test` that tells what happened on the report descriptor. Runs inside the sandbox, in the runner's own
// process: the test files run in others, which do not inherit the descriptor. Node 18.15 and newer.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const descriptor = Number(process.env.LIVHANA_REPORT_FD);
const root = process.env.LIVHANA_CHECKOUT;
delete process.env.LIVHANA_REPORT_FD;

function write(event) {
  let data = Buffer.from(JSON.stringify(event) + '\n');
  while (data.length > 0) {
    try {
      data = data.subarray(fs.writeSync(descriptor, data));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

function relative(file) {
  const whole = file.startsWith('file:') ? fileURLToPath(file) : file;
  return whole.startsWith(root + path.sep) ? path.relative(root, whole) : whole;
}

// `at [async] [new] name [as alias] (file:line:column)` or `at file:line:column`
const FRAME = /^\s+at (?:async )?(?:(.*?) \()?((?:file:\/\/|\/).*?):(\d+):(\d+)\)?$/;

function framesOf(stack) {
  const frames = [];
  for (const line of String(stack ?? '').split('\n')) {
    const match = FRAME.exec(line);
    if (!match) continue;
    const name = (match[1] ?? '<anonymous>').replace(/^(async|new) /, '').replace(/ \[as .*\]$/, '');
    frames.unshift({ file: relative(match[2]), function: name, line: Number(match[3]), column: Number(match[4]) });
  }
  const first = frames.findIndex((frame) => !path.isAbsolute(frame.file));
  return first > 0 ? frames.slice(first) : frames;
}

// The error that the test's code raised, below the runner's own wrapping.
function original(error) {
  let inner = error;
  while (inner?.code === 'ERR_TEST_FAILURE' && inner.cause) inner = inner.cause;
  return inner;
}

function failureOf(error) {
  const inner = original(error);
  if (inner === null || typeof inner !== 'object') return { type: '', message: String(inner ?? '').slice(0, 2000), frames: [] };
  return { type: inner.name ?? 'Error', message: String(inner.message ?? '').slice(0, 2000), frames: framesOf(inner.stack) };
}

// A file that broke while it was loaded told so on its standard error only.
function failureTold(text) {
  const match = /^(?:Uncaught )?([A-Za-z_$][\w$.]*)(?: \[[^\]]*\])?(?:: (.*))?\n((?:\s+at .*\n?)+)/m.exec(text);
  return match ? { type: match[1], message: match[2] ?? '', frames: framesOf(match[3]) } : {};
}

const BROKEN = new Set(['hookFailed', 'cancelledByParent', 'parentAlreadyFinished', 'multipleCallbackInvocations']);

function outcomeOf(event, isFile) {
  const { skip, todo, details } = event.data;
  if (todo !== undefined && todo !== false) return 'xfailed';
  if (skip !== undefined && skip !== false) return 'skipped';
  if (event.type === 'test:pass') return 'passed';
  return isFile || BROKEN.has(details?.error?.failureType) ? 'error' : 'failed';
}

const isFileName = (name) => path.isAbsolute(String(name));

class Names {
  constructor() {
    this.open = [];
  }
  start({ name, nesting }) {
    this.open.length = nesting;
    this.open[nesting] = name;
  }
  of({ name, nesting, file }) {
    const names = [...this.open.slice(0, nesting), name];
    const own = isFileName(names[0]) ? names.shift() : file;
    return { file: relative(own ?? ''), name: names.join(' > ') };
  }
}

function tell(event, names, told) {
  const { data } = event;
  const error = data.details?.error;
  const { file, name } = names.of(data);
  const groups = data.details?.type === 'suite' || name === '';
  if (groups && (error ? error.failureType === 'subtestsFailed' : name !== '')) return;
  const failure = error ? failureOf(error) : {};
  if (name === '' && error) Object.assign(failure, failureTold(told.get(data.file ?? data.name) ?? ''));
  write({
    event: 'test',
    id: name === '' ? file : `${file}::${name}`,
    outcome: outcomeOf(event, name === ''),
    seconds: (data.details?.duration_ms ?? 0) / 1000,
    ...failure,
  });
}

export default async function* report(source) {
  const names = new Names();
  const told = new Map();
  let failed = false;
  for await (const event of source) {
    if (event.type === 'test:start') names.start(event.data);
    else if (event.type === 'test:stderr') {
      told.set(event.data.file, ((told.get(event.data.file) ?? '') + event.data.message).slice(-65536));
      yield event.data.message;
    } else if (event.type === 'test:stdout') yield event.data.message;
    else if (event.type === 'test:pass' || event.type === 'test:fail') {
      failed ||= event.type === 'test:fail';
      tell(event, names, told);
    }
  }
  write({ event: 'finished', exit: failed ? 1 : 0 });
}
