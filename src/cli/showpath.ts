/**
 * The part of showpath that sh cannot do: `-f json`. `showpath.sh` has found out everything by then
 * and writes two lines to us, the name of the variable and its value; names that are no UTF-8 would
 * not survive as arguments.
 */
import { readFileSync } from 'node:fs';
import { fromBuffer, split, toJson, toText } from '../bytes/bytes.ts';

const [variable, value] = split(fromBuffer(readFileSync(0)), '\n');
if (variable === undefined || value === undefined) {
  process.stderr.write("showpath: this is the inner part; call 'showpath -f json'\n");
  process.exitCode = 2;
} else {
  process.stdout.write(`${JSON.stringify({ [toText(variable)]: toJson(value) })}\n`);
}
