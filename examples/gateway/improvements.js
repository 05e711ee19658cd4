// Mounts the loop's API. What the caller sends decides nothing about who they are for the loop: only the tokens given here do.

import express from 'express';

import { Problem } from './problem.js';

const ROOT = '/api/improvements';
const PATH = /^(\/[A-Za-z0-9_-]+(\.json)?)*\/?$/; // no dots and no escapes: nothing can lead out of ROOT
const PASSED_ON = ['accept', 'content-type', 'idempotency-key', 'if-none-match'];
const PASSED_BACK = ['content-type', 'etag', 'retry-after', 'cache-control'];
const REQUEST_BYTES = 64 * 1024;
const ANSWER_BYTES = 16 * 1024 * 1024;

// `token` reads for everybody, so let it be a viewer's; `tokens` holds each reviewer's own, by user, because a decision is a person's.
export function improvements({ url, token, tokens = {}, timeoutMs = 30_000 }) {
  const own = new Map(Object.entries(tokens));
  const router = express.Router();
  router.use(express.raw({ type: () => true, limit: REQUEST_BYTES, inflate: false }));
  router.use(async (request, response) => {
    requireKnownRequest(request);
    const mine = tokenFor(request, own, token);
    send(response, await ask(targetOf(request, url), requestOf(request, mine), timeoutMs));
  });
  return router;
}

function requireKnownRequest(request) {
  if (!PATH.test(request.path)) throw new Problem(404, 'There is no such path in the API of the loop.');
  if (request.method !== 'GET' && request.method !== 'POST') throw new Problem(405, 'Use GET or POST.');
}

function targetOf({ path, url: asked }, url) {
  const query = asked.includes('?') ? asked.slice(asked.indexOf('?')) : '';
  return new URL(ROOT + path + query, url);
}

function tokenFor(request, own, shared) {
  const name = request.user?.name;
  if (own.has(name)) return own.get(name);
  if (request.method === 'GET' && shared) return shared;
  throw new Problem(403, 'You have no token of the loop: `livhana token add NAME --role reviewer` makes one for LIVHANA_TOKENS.');
}

function requestOf(request, token) {
  const headers = { authorization: `Bearer ${token}` };
  for (const name of PASSED_ON) if (request.get(name)) headers[name] = request.get(name);
  const body = request.method === 'POST' ? bodyOf(request) : undefined;
  return { method: request.method, headers, body, redirect: 'manual' };
}

// As it came; or written anew where an express.json() before us has read it.
function bodyOf({ body }) {
  return body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body);
}

async function ask(target, asked, timeoutMs) {
  try {
    const answer = await fetch(target, { ...asked, signal: AbortSignal.timeout(timeoutMs) });
    return { status: answer.status, headers: answer.headers, body: await bounded(answer.body ?? []) };
  } catch (error) {
    throw unanswered(error, asked.method);
  }
}

async function bounded(stream) {
  const chunks = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > ANSWER_BYTES) throw new Problem(502, 'The answer of the loop is too long: ask for fewer with ?limit=.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function unanswered(error, method) {
  if (error instanceof Problem) return error;
  const again = method === 'POST' ? 'whether anything changed is not known: repeat it with the same Idempotency-Key' : 'ask again';
  const isLate = error.name === 'TimeoutError' || /TIMEOUT/.test(error.cause?.code ?? '');
  if (isLate) return new Problem(504, `The loop took too long; ${again}.`);
  return new Problem(502, `The loop does not answer: see whether \`livhana up\` runs; ${again}.`);
}

function send(response, { status, headers, body }) {
  if (status === 401) throw new Problem(502, 'The loop does not know the token that the gateway has for you: renew it.');
  if (status >= 300 && status < 400 && status !== 304) throw new Problem(502, 'That is not the API of the loop: see LIVHANA_URL.');
  for (const name of PASSED_BACK) if (headers.has(name)) response.setHeader(name, headers.get(name));
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.status(status).end(body);
}
