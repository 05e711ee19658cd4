// Errors as application/problem+json (RFC 9457), as the loop's own API answers them.

import { STATUS_CODES } from 'node:http';

export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export function answerProblem(error, request, response, next) {
  if (response.headersSent) return next(error);
  const [status, detail] = told(error);
  const body = { type: 'about:blank', title: STATUS_CODES[status], status, detail };
  response.status(status).setHeader('Content-Type', 'application/problem+json').end(JSON.stringify(body));
}

// Only what was written for callers, or what Express says of their request; anything else stays in the log.
function told(error) {
  if (error instanceof Problem) return [error.status, error.message];
  if (error.status >= 400 && error.status < 500) return [error.status, `The request cannot be taken: ${error.message}.`];
  console.error(error);
  return [500, 'This is a defect of the gateway: its log says more.'];
}
