'use strict';
// Writes every crash of a service as one JSON row, with the variables of its own frames.
//
// Node drops a frame's variables before a catch clause runs, so the recorder asks the
// debugger of this very process to halt on each throw and copies them at that moment.

const inspector = require('node:inspector');
const path = require('node:path');
const { randomUUID } = require('node:crypto');
const { fileURLToPath } = require('node:url');
const { encode, encodeNamed } = require('./encode');
const { utcTimestamp } = require('./trace-log');

const SINK = Symbol.for('error-reporting.sink');
const MAX_FRAMES = 20;
const KEPT_THROWS = 20;
const OWN_SCOPES = new Set(['local', 'block', 'catch']);

class FrameRecorder {
  constructor(appRoot) {
    this.appRoot = appRoot + path.sep;
    this.scripts = new Map();
    this.recent = new Map();
    this.session = new inspector.Session();
  }

  start() {
    this.session.connect();
    this.session.on('Debugger.scriptParsed', ({ params }) => this.rememberScript(params));
    this.session.on('Debugger.paused', ({ params }) => this.record(params));
    this.session.post('Debugger.enable');
    this.session.post('Debugger.setPauseOnExceptions', { state: 'all' });
  }

  stop() {
    this.session.disconnect();
  }

  rememberScript({ scriptId, url }) {
    const file = url.startsWith('file://') ? fileURLToPath(url) : url;
    const own = file.startsWith(this.appRoot) && !file.includes('node_modules');
    if (own) this.scripts.set(scriptId, file);
  }

  record({ data, callFrames }) {
    const own = callFrames.filter((frame) => this.scripts.has(frame.location.scriptId));
    if (!data || own.length === 0) return;
    // The debugger lists the innermost frame first.
    const frames = own.slice(0, MAX_FRAMES).reverse().map((frame) => this.describe(frame));
    this.recent.delete(data.description);
    this.recent.set(data.description, frames);
    if (this.recent.size > KEPT_THROWS) this.recent.delete(this.recent.keys().next().value);
  }

  describe(frame) {
    return {
      file: this.scripts.get(frame.location.scriptId),
      function: frame.functionName || '<anonymous>',
      line: frame.location.lineNumber + 1,
      locals: this.readLocals(frame),
    };
  }

  readLocals(frame) {
    const locals = {};
    globalThis[SINK] = (name, value) => {
      if (!(name in locals)) locals[name] = encodeNamed(name, value); // inner scopes come first
    };
    for (const name of this.variableNames(frame)) {
      this.session.post('Debugger.evaluateOnCallFrame', {
        callFrameId: frame.callFrameId,
        expression: `globalThis[Symbol.for('error-reporting.sink')](${JSON.stringify(name)}, ${name})`,
        silent: true,
      });
    }
    delete globalThis[SINK];
    return locals;
  }

  variableNames(frame) {
    const names = [];
    const scopes = frame.scopeChain.filter((scope) => OWN_SCOPES.has(scope.type));
    for (const { object } of scopes) {
      const query = { objectId: object.objectId, ownProperties: true };
      this.session.post('Runtime.getProperties', query, (error, found) => {
        if (!error) names.push(...found.result.map((property) => property.name));
      });
    }
    return names.filter((name) => name !== 'this');
  }

  /** The frames of the throw that made this error; empty if it was not seen. */
  framesOf(error) {
    return this.recent.get(error.stack) ?? [];
  }
}

class ErrorReporter {
  constructor({ file, service, release, appRoot }) {
    this.file = file;
    this.service = service;
    this.release = release;
    this.recorder = new FrameRecorder(appRoot);
    this.recorder.start();
  }

  report(error, { endpoint, requestId, request, customerId = null }) {
    this.file.write({
      error_id: randomUUID(),
      occurred_at: utcTimestamp(),
      service: this.service,
      release: this.release,
      endpoint,
      severity: 'error',
      error_type: error.name,
      message: error.message,
      stack_trace: error.stack,
      request_id: requestId,
      context: {
        customer_id: customerId,
        request: encode(request),
        frames: this.recorder.framesOf(error),
      },
    });
  }

  close() {
    this.recorder.stop();
  }
}

module.exports = { ErrorReporter, FrameRecorder };
