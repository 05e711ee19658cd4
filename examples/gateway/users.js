// Who asks. `requireUser` is the slot for your gateway's own sign-in: all that the routes need is `request.user.name`.

import { createHash, timingSafeEqual } from 'node:crypto';

import { Problem } from './problem.js';

// An example: API keys by user, as in {"ada": "a long random key"}.
export function requireUser(keys) {
  const known = Object.entries(keys).map(([name, key]) => [name, digest(key)]);
  return (request, response, next) => {
    const given = digest(/^Bearer (.+)$/i.exec(request.get('authorization') ?? '')?.[1] ?? '');
    const found = known.find(([, key]) => timingSafeEqual(key, given));
    if (!found) throw new Problem(401, 'Sign in to the gateway first: send Authorization: Bearer and your key.');
    request.user = { name: found[0] };
    next();
  };
}

// A change comes from a page of this site, or from a program: the loop sees a token only, so it cannot tell a forged form.
export function requireOwnSite(request, response, next) {
  if (request.method === 'GET' || request.method === 'HEAD' || isOwnSite(request)) return next();
  throw new Problem(403, 'This came from another site, so nothing was changed: use the page itself.');
}

function isOwnSite(request) {
  const origin = request.get('origin');
  if (origin) return URL.canParse(origin) && new URL(origin).host === request.get('host');
  const site = request.get('sec-fetch-site');
  return site ? site === 'same-origin' : !request.get('cookie');
}

function digest(text) {
  return createHash('sha256').update(text).digest();
}
