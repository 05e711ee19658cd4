'use strict';
// Route templates such as `GET /api/customer/{id}/profile`.

function compile([method, template, handler]) {
  const pattern = template.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)');
  return { method, name: `${method} ${template}`, pattern: new RegExp(`^${pattern}/?$`), handler };
}

function createRouter(table) {
  const routes = table.map(compile);
  return function match(method, path) {
    for (const route of routes) {
      const found = route.method === method ? route.pattern.exec(path) : null;
      if (found) return { route, params: { ...found.groups } };
    }
    return null;
  };
}

module.exports = { createRouter };
