// A gateway with the loop in it. Take the two marked lines over into yours.

import { pathToFileURL } from 'node:url';

import express from 'express';
import { createClient } from 'redis';

import { improvements } from './improvements.js';
import { Knowledge, Unfit } from './knowledge.js';
import { Problem, answerProblem } from './problem.js';
import { requireOwnSite, requireUser } from './users.js';

const WRITTEN_BY_THE_LOOP = new Set(['bugfix', 'refusal']); // they decide what is proposed: a no goes through /reject

export function createGateway({ signIn, loop, knowledge }) {
  const app = express();
  app.disable('x-powered-by');
  app.use('/api/improvements', signIn, requireOwnSite, improvements(loop)); // the loop's API
  if (knowledge) app.use('/api/knowledge', signIn, requireOwnSite, knowledgeRoutes(knowledge)); // what both sides learned
  app.use((request, response, next) => next(new Problem(404, 'There is nothing here.')));
  app.use(answerProblem);
  return app;
}

function knowledgeRoutes(knowledge) {
  const router = express.Router();
  router.get('/:category', async ({ params }, response) => {
    response.json(await reached(() => knowledge.all(params.category)));
  });
  router.post('/:category', express.json({ limit: '64kb' }), async ({ params, body, user }, response) => {
    if (WRITTEN_BY_THE_LOOP.has(params.category)) throw new Problem(403, 'That category is written by the loop alone.');
    const at = new Date();
    const key = await reached(() => knowledge.remember(params.category, at, said(body, user, at)));
    response.status(201).json({ key });
  });
  return router;
}

function said(body, user, at) {
  if (typeof body !== 'object' || Array.isArray(body)) throw new Unfit('Send an entry as a JSON object.');
  return { ...body, by: user.name, at };
}

async function reached(asking) {
  try {
    return await asking();
  } catch (error) {
    if (error instanceof Unfit) throw new Problem(422, error.message);
    console.error(error);
    throw new Problem(503, 'The knowledge in Redis cannot be reached: ask again.');
  }
}

function named(name) {
  return JSON.parse(process.env[name] ?? '{}');
}

function connected(url) {
  // Notices of Redis Enterprise off: with them node-redis 6.3 cannot read a unix:// address that names a user.
  const client = createClient({ url, disableOfflineQueue: true, maintNotifications: 'disabled' });
  client.on('error', (error) => console.error(`Redis: ${error.message}`));
  client.connect().catch((error) => console.error(`Redis: ${error.message}`));
  return client;
}

function start({ LIVHANA_URL, LIVHANA_TOKEN, LIVHANA_TIMEOUT_MS, REDIS_URL, HOST, PORT } = process.env) {
  const app = createGateway({
    signIn: requireUser(named('GATEWAY_KEYS')),
    loop: {
      url: LIVHANA_URL ?? 'http://127.0.0.1:3000',
      token: LIVHANA_TOKEN,
      tokens: named('LIVHANA_TOKENS'),
      timeoutMs: Number(LIVHANA_TIMEOUT_MS ?? 30_000),
    },
    knowledge: REDIS_URL && new Knowledge(connected(REDIS_URL)),
  });
  const server = app.listen(Number(PORT ?? 8080), HOST ?? '127.0.0.1', (error) => {
    if (error) throw error;
    console.log(`listening on http://${server.address().address}:${server.address().port}`);
  });
  process.once('SIGTERM', () => process.exit(0));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) start();
