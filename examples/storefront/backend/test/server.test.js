'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const { encode, encodeNamed } = require('../lib/encode');
const { createApplication } = require('../server');

function scratch(t) {
  const traces = fs.mkdtempSync(path.join(os.tmpdir(), 'backend-'));
  const application = createApplication({ traces, release: 'test' });
  t.after(() => {
    application.close();
    fs.rmSync(traces, { recursive: true });
  });
  return { application, traces };
}

const ids = { requestId: 'r1', customerId: null };

function get(application, url) {
  return application.respond({ method: 'GET', path: url, query: {}, body: null }, ids);
}

test('known customers and pages', (t) => {
  const { application } = scratch(t);
  assert.strictEqual(get(application, '/api/customer/1/profile')[0], 200);
  assert.strictEqual(get(application, '/api/customer/9999/profile')[0], 404);
  assert.strictEqual(get(application, '/elsewhere')[0], 404);
});

test('every request leaves a metric row', (t) => {
  const { application, traces } = scratch(t);
  get(application, '/health');
  const row = JSON.parse(fs.readFileSync(path.join(traces, 'metrics-backend.jsonl'), 'utf8'));
  assert.strictEqual(row.endpoint, 'GET /health');
  assert.strictEqual(row.status_code, 200);
});

test('values are encoded for the error log', () => {
  assert.deepStrictEqual(encode([undefined, null, NaN]), [{ $undefined: true }, null, { $repr: 'NaN' }]);
  assert.deepStrictEqual(encode(new Set([1])), { $set: [1] });
  assert.deepStrictEqual(encodeNamed('apiToken', 'abc'), { $redacted: 'str', length: 3 });
});
