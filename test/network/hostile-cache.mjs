/**
 * A cache that gives something else than it should: of all that is named by its hash one byte is another,
 * and heads are those that it saw first, for ever.
 *
 *     node hostile-cache.mjs ADDRESS PORT ORIGIN-URL
 */
import { createServer } from 'node:http';

const [address, port, origin] = process.argv.slice(2);
/** @type {Map<string, Buffer>} */
const old = new Map();

createServer(async (request, response) => {
  const path = request.url ?? '/';
  const range = request.headers.range;
  const answer = await fetch(`${origin}${path}`, { headers: range === undefined ? {} : { range } });
  let content = Buffer.from(await answer.arrayBuffer());
  if (/^\/(?:objects|trees)\//.test(path) && answer.ok) {
    const at = content.length >> 1;
    content[at] = (content[at] ?? 0) ^ 1;
  } else if (path.startsWith('/heads/')) {
    const first = old.get(path) ?? content;
    old.set(path, first);
    content = first;
  }
  const said = answer.headers.get('content-range');
  response.writeHead(answer.status, {
    'Content-Length': content.length,
    ...(said !== null && { 'Content-Range': said }),
  });
  response.end(content);
}).listen(Number(port), address);
