'use strict';
// Append-only JSON lines files: one row a line, on disk when write() returns.

const fs = require('node:fs');
const path = require('node:path');

function utcTimestamp() {
  const micros = String(Number(process.hrtime.bigint() % 1000n)).padStart(3, '0');
  return new Date().toISOString().replace('Z', `${micros}Z`);
}

class TraceFile {
  constructor(directory, name) {
    fs.mkdirSync(directory, { recursive: true });
    this.descriptor = fs.openSync(path.join(directory, name), 'a');
  }

  write(row) {
    fs.writeSync(this.descriptor, `${JSON.stringify(row)}\n`);
  }

  close() {
    fs.closeSync(this.descriptor);
  }
}

class MetricLog {
  constructor(file, service, release) {
    this.file = file;
    this.service = service;
    this.release = release;
  }

  request({ endpoint, method, status, milliseconds, requestId }) {
    this.file.write({
      occurred_at: utcTimestamp(),
      service: this.service,
      release: this.release,
      endpoint,
      method,
      status_code: status,
      duration_ms: Math.round(milliseconds * 1000) / 1000,
      request_id: requestId,
    });
  }
}

module.exports = { MetricLog, TraceFile, utcTimestamp };
