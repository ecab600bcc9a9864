/**
 * Whether a directory answers. Who touches what a dead file server should give waits in the kernel for
 * it, so a child touches it, and is not waited for beyond a limit.
 */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { fromBuffer, split, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { isWithin } from '../bytes/path.ts';

/** `silent`: nothing came within the limit. */
export type Answer = 'there' | 'absent' | 'silent';

/**
 * Whether `path` (absolute, links on the way followed) is a directory. What is on disks of this host is
 * looked at directly; for the rest two seconds are the limit.
 */
export function answerOf(path: Bytes): Answer {
  const { point, isLocal } = mountOf(path);
  if (isLocal) return isDirectory(path) ? 'there' : 'absent';
  const known = silent.has(point) ? 'silent' : answers.get(path);
  if (known !== undefined) return known;
  const answer = ask(path);
  if (answer === 'silent') silent.add(point);
  answers.set(path, answer);
  return answer;
}

/**
 * Runs `script` of node in a child with `argument`, and returns what it prints; undefined when nothing
 * has come of it within `limit` milliseconds. A child that hangs is left to the kernel.
 */
export function askChild(
  script: string,
  argument: unknown,
  limit: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['-e', script, '--', JSON.stringify(argument)], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    const pieces: Buffer[] = [];
    const end = (answer: string | undefined): void => {
      clearTimeout(timer);
      child.stdout.destroy();
      child.unref();
      resolve(answer);
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      end(undefined);
    }, limit);
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
    child.on('error', () => {
      end(undefined);
    });
    child.on('close', (code) => {
      end(code === 0 ? Buffer.concat(pieces).toString() : undefined);
    });
  });
}

/** Each is asked once: a server that is dead stays it for as long as a command runs. */
const answers = new Map<Bytes, Answer>();
/** Mount points whose servers have not answered. */
const silent = new Set<Bytes>();

function isDirectory(path: Bytes): boolean {
  try {
    return statSync(toBuffer(path), { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    return false;
  }
}

function ask(path: Bytes): Answer {
  // byte for byte: words of a command line would have to be UTF-8
  const octal = [...toBuffer(path)]
    .map((byte) => `\\0${byte.toString(8).padStart(3, '0')}`)
    .join('');
  const { status } = spawnSync('/bin/sh', ['-c', LOOK], {
    stdio: 'ignore',
    env: { PATH: '/bin:/usr/bin', DIRECTORY: octal },
  });
  return status === 0 ? 'there' : status === 124 ? 'silent' : 'absent';
}

/** The shell that waits holds nothing that the child does. */
const LOOK = String.raw`
path=$(printf '%bx' "$DIRECTORY")
[ -d "${'$'}{path%x}/." ] &
child=$!
for pause in 0.01 0.01 0.02 0.05 0.1 0.1 0.2 0.3 0.3 0.4 0.5; do
  kill -0 $child 2>/dev/null || break
  sleep $pause
done
if kill -0 $child 2>/dev/null; then kill -9 $child; exit 124; fi
wait $child
`;

/** What `path` is on, by its name; what cannot be known is taken for no disk of this host. */
function mountOf(path: Bytes): { readonly point: Bytes; readonly isLocal: boolean } {
  let best = '' as Bytes;
  let type = '' as Bytes;
  for (const line of mountLines()) {
    const [before = '' as Bytes, after = '' as Bytes] = line.split(' - ') as Bytes[];
    const point = unescape(split(before, ' ')[4] ?? ('' as Bytes));
    if (point === '' || !isWithin(point, path) || point.length < best.length) continue;
    best = point;
    type = split(after, ' ')[0] ?? ('' as Bytes);
  }
  return { point: best, isLocal: LOCAL.has(type) };
}

function mountLines(): readonly Bytes[] {
  try {
    return split(fromBuffer(readFileSync('/proc/self/mountinfo')), '\n');
  } catch {
    return [];
  }
}

function unescape(field: Bytes): Bytes {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(parseInt(digits, 8)),
  ) as Bytes;
}

/** File systems of a host's own. */
const LOCAL: ReadonlySet<string> = new Set(
  'ext2 ext3 ext4 xfs btrfs zfs tmpfs ramfs overlay f2fs jfs reiserfs squashfs erofs vfat iso9660 bcachefs'.split(
    ' ',
  ),
);
