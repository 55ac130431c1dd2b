import { createHash } from 'node:crypto';

/** Shows the description of the API; asks for nothing but that, and builds no HTML from what it says. */
const script = `
const at = document.getElementById('api');
const add = (to, name, text, className) => {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  if (className) made.className = className;
  return to.appendChild(made);
};
fetch('/v1/openapi.json').then((answer) => answer.json()).then((api) => {
  document.title = api.info.title;
  add(at, 'h1', api.info.title + ' ' + api.info.version);
  add(at, 'p', api.info.description);
  for (const [path, methods] of Object.entries(api.paths))
    for (const [method, one] of Object.entries(methods)) {
      const box = add(at, 'details');
      const line = add(box, 'summary');
      add(line, 'b', method.toUpperCase());
      add(line, 'code', path);
      add(line, 'span', one.summary);
      if (one.description) add(box, 'p', one.description);
      for (const given of one.parameters || [])
        add(box, 'p', given.in + ' ' + given.name + (given.required ? '' : ' (optional)') + (given.description ? ': ' + given.description : ''));
      if (one.requestBody) add(box, 'pre', 'takes ' + JSON.stringify(one.requestBody.content, null, 2));
      for (const [status, answer] of Object.entries(one.responses || {}))
        add(box, 'pre', status + ' ' + JSON.stringify(answer.content || answer.description, null, 2));
    }
}, (error) => add(at, 'p', String(error)));
`;

const style = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1b1f24; background: #fff }
summary { cursor: pointer; padding: .4rem 0 } summary > * { margin-right: .8rem } b { display: inline-block; min-width: 3.5rem }
details { border-top: 1px solid #d8dde3 } pre { background: #f4f6f8; padding: .6rem; overflow: auto }
@media (prefers-color-scheme: dark) { body { color: #dde3ea; background: #14171a } pre { background: #1e2328 } details { border-color: #333a41 } }
`;

export const descriptionPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>API</title><style>${style}</style></head>
<body><main id="api"></main><noscript>The description is /v1/openapi.json.</noscript><script>${script}</script></body></html>
`;

const sha = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Lets the page run its own script and style, and ask its own server; nothing else. */
export const descriptionPolicy =
  `default-src 'none'; script-src ${sha(script)}; style-src ${sha(style)}; connect-src 'self'; ` +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
