/** Where something ought to be mounted and is not: what is there then is no tree, but its absence. */
import { readFileSync } from 'node:fs';
import { fromBuffer, split, type Bytes } from '../bytes/bytes.ts';
import { normalize } from '../bytes/path.ts';

/** The mount points of fstab(5), `noauto` excepted, on which nothing is mounted in our eyes. */
export function unmountedPoints(): ReadonlySet<Bytes> {
  const wanted = fields('/etc/fstab')
    .filter(([device = '', , , options = '']) => {
      return !device.startsWith('#') && !options.split(',').includes('noauto');
    })
    .map(([, point = '']) => unescape(point as Bytes))
    .filter((point) => point.startsWith('/'));
  if (wanted.length === 0) return NONE;
  // proc_pid_mountinfo(5): the fifth field
  const mounted = new Set(fields('/proc/self/mountinfo').map((line) => unescape(line[4] ?? EMPTY)));
  return new Set(wanted.map((point) => normalize(point)).filter((point) => !mounted.has(point)));
}

function fields(path: string): readonly (readonly Bytes[])[] {
  let text: Bytes;
  try {
    text = fromBuffer(readFileSync(path));
  } catch {
    return [];
  }
  return split(text, '\n').map((line) => line.split(/[ \t]+/).filter(Boolean) as Bytes[]);
}

/** Both files write blanks, tabs, newlines and backslashes in octal. */
function unescape(field: Bytes): Bytes {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(parseInt(digits, 8)),
  ) as Bytes;
}

const EMPTY = '' as Bytes;
const NONE: ReadonlySet<Bytes> = new Set();
