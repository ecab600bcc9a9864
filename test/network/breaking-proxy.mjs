/**
 * A proxy that breaks connections off: each after some bytes of what comes back, never at the same
 * place, and now and then before anything has come. The first `BREAKS` connections do; the others last.
 *
 *     node breaking-proxy.mjs ADDRESS PORT ORIGIN-ADDRESS ORIGIN-PORT BREAKS
 */
import { connect, createServer } from 'node:net';

const [address, port, originAddress, originPort, breaks] = process.argv.slice(2);
let broken = 0;
let state = 1991;

/** 0 to below 1, the same each time. */
function random() {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}

createServer((client) => {
  const origin = connect(Number(originPort), originAddress);
  const breaksOff = broken < Number(breaks);
  if (breaksOff) broken++;
  let left = breaksOff ? Math.floor(2 ** (random() * 17)) - 1 : Infinity;
  const end = () => {
    client.destroy();
    origin.destroy();
  };
  for (const each of [client, origin]) each.on('error', end).on('close', end);
  client.on('data', (piece) => origin.write(piece));
  origin.on('data', (piece) => {
    const part = piece.subarray(0, left);
    left -= part.length;
    if (left > 0) client.write(part);
    else client.end(part, end);
  });
}).listen(Number(port), address);
