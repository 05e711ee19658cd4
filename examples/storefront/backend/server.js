'use strict';
// `node backend/server.js --port 8081 --traces traces --release SHA`

const http = require('node:http');
const { randomUUID } = require('node:crypto');
const { parseArgs } = require('node:util');
const customer = require('./api/customer');
const notifications = require('./api/notifications');
const recommendations = require('./api/recommendations');
const { ErrorReporter } = require('./lib/error-reporting');
const { createRouter } = require('./lib/router');
const { createStore } = require('./lib/store');
const { MetricLog, TraceFile } = require('./lib/trace-log');

const SERVICE = 'backend';
const ROUTES = [
  ['GET', '/health', () => ({ status: 'ok' })],
  ['GET', '/api/customer/{id}', customer.showSummary],
  ['GET', '/api/customer/{id}/profile', customer.showProfile],
  ['PUT', '/api/customer/{id}/profile', customer.updateProfile],
  ['GET', '/api/customer/{id}/recommendations', recommendations.showRecommendations],
  ['GET', '/api/customer/{id}/notifications', notifications.showNotifications],
  ['GET', '/api/customer/{id}/notifications/count', notifications.showCount],
];

function readArguments() {
  const text = { type: 'string' };
  const options = { port: { ...text, default: '8081' }, traces: text, release: text };
  const { values } = parseArgs({ options });
  if (!values.traces || !values.release) throw new Error('--traces and --release are needed');
  return values;
}

async function readBody(message) {
  const chunks = [];
  for await (const chunk of message) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  return text ? JSON.parse(text) : null;
}

async function readRequest(message) {
  const url = new URL(message.url, 'http://localhost');
  return {
    method: message.method,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    body: await readBody(message),
  };
}

function createApplication({ traces, release, store = createStore() }) {
  const errors = new TraceFile(traces, `errors-${SERVICE}.jsonl`);
  const metricFile = new TraceFile(traces, `metrics-${SERVICE}.jsonl`);
  const metrics = new MetricLog(metricFile, SERVICE, release);
  const reporter = new ErrorReporter({ file: errors, service: SERVICE, release, appRoot: __dirname });
  const match = createRouter(ROUTES);

  function run(found, request, ids) {
    const { route, params } = found;
    const profile = params.id ? store.get(Number(params.id)) : null;
    if (profile === undefined) return [404, { error: 'no such customer' }];
    try {
      return [200, route.handler({ profile, body: request.body, query: request.query })];
    } catch (error) {
      reporter.report(error, { endpoint: route.name, request, ...ids });
      return [500, { request_id: ids.requestId }];
    }
  }

  function respond(request, ids) {
    const started = performance.now();
    const found = match(request.method, request.path);
    const [status, body] = found ? run(found, request, ids) : [404, { error: 'no such page' }];
    const endpoint = found ? found.route.name : 'unmatched';
    const milliseconds = performance.now() - started;
    metrics.request({ endpoint, method: request.method, status, milliseconds, requestId: ids.requestId });
    return [status, body];
  }

  function close() {
    reporter.close();
    errors.close();
    metricFile.close();
  }

  return { respond, close };
}

function createServer(application) {
  return http.createServer(async (message, reply) => {
    let answer;
    try {
      const request = await readRequest(message);
      const requestId = message.headers['x-request-id'] ?? randomUUID();
      answer = application.respond(request, { requestId, customerId: message.headers['x-customer-id'] ?? null });
    } catch {
      answer = [400, { error: 'the request cannot be read' }];
    }
    const data = JSON.stringify(answer[1]);
    reply.writeHead(answer[0], { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(data) });
    reply.end(data);
  });
}

function main() {
  const { port, traces, release } = readArguments();
  const application = createApplication({ traces, release });
  const server = createServer(application);
  server.listen(Number(port), '127.0.0.1', () => {
    console.log(`listening on http://127.0.0.1:${server.address().port}`);
  });
  const stop = () => {
    server.close(() => {
      application.close();
      process.exit(0);
    });
    server.closeAllConnections();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

if (require.main === module) main();

module.exports = { createApplication, createServer };
