/**
 * A file server that does not answer: a FUSE file system whose server never says a word, so that who
 * touches it waits in the kernel. A login goes on all the same, with the directories that do answer.
 */
import { accessSync, constants, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { b, bytes, fromBuffer, toBuffer, type Bytes } from '../../src/bytes/bytes.ts';
import { join } from '../../src/bytes/path.ts';
import { adminPath } from '../../src/site/site.ts';
import { makeCommand, makeDirectory, makeFile, makeHost, scratch } from './hosts.ts';
import {
  command,
  runScript,
  SCRIPT_SHELL_NAMES,
  SHOWPATH,
  showpath,
  word,
  type ScriptShell,
} from './shells.ts';
import { USER_SHELLS } from './user-shells.ts';

const dead = makeDirectory(join(scratch(), b`dead`));
const alive = makeDirectory(join(scratch(), b`alive`));
makeCommand(join(alive, b`vi`));
/** A directory that answers, with a link into one that does not. */
const links = makeDirectory(join(scratch(), b`links`));
symlinkSync(join(dead, b`vi`), join(links, b`vi`));

const host = makeHost([
  {
    name: 'x11',
    directories: [
      { class: 'bin', usedBy: 'user', directory: join(dead, b`X11`) },
      { class: 'bin', usedBy: 'user', directory: alive },
    ],
  },
]);
const standard = [adminPath(host, b`bins/bin`), host.vendor('usr/bin'), host.vendor('bin')];
/** A host whose packages are on the server; its farms are its own. */
const client = makeHost();
rmSync(join(client.root, b`software`), { recursive: true });
symlinkSync(join(dead, b`share`), join(client.root, b`software`));
const ofClient = [adminPath(client, b`bins/bin`), client.vendor('usr/bin'), client.vendor('bin')];
const vendor = showpath('dash', [b`--root`, b`/nonexistent`]).out.trim() as Bytes;

interface Question {
  readonly args: readonly Bytes[];
  readonly prints: Bytes;
  /** What is left off, in the words of the warning. */
  readonly without: readonly Bytes[];
  readonly home?: Bytes;
  readonly shells?: readonly ScriptShell[];
}

const at = (root: Bytes, ...args: readonly Bytes[]) => [b`--root`, root, ...args];
const path = (...directories: readonly Bytes[]) => directories.join(':') as Bytes;

const QUESTIONS: Readonly<Record<string, Question>> = {
  'directories that the user names': {
    args: at(host.root, join(dead, b`a`), alive, join(dead, b`b`), b`standard`),
    prints: path(alive, ...standard),
    without: [join(dead, b`a`), join(dead, b`b`)],
  },
  'a home directory': {
    args: at(host.root, b`~/bin`, b`standard`),
    prints: path(...standard),
    without: [join(dead, b`home/bin`)],
    // of its own accord zsh looks whether it is started at home
    shells: SCRIPT_SHELL_NAMES.filter((name) => !name.startsWith('zsh')),
    home: join(dead, b`home`),
  },
  'an element of the table': {
    args: at(host.root, b`x11`, b`standard`),
    prints: path(alive, ...standard),
    without: [join(dead, b`X11`)],
  },
  'packages that the host has from the server': {
    args: at(client.root, b`gcc@9`, b`standard`),
    prints: path(...ofClient),
    without: ['gcc@9', 'gcc-9'].map((name) => join(client.root, b`software/${bytes(name)}`)),
  },
  'nothing but such a package': {
    args: at(client.root, b`gcc`),
    prints: path(...ofClient),
    without: [join(client.root, b`software/gcc`)],
  },
  'their manual pages': {
    args: at(client.root, b`class=man`),
    prints: client.vendor('man'),
    without: [join(client.root, b`software/.admin/man`)],
  },
  'a whole site root': {
    args: at(join(dead, b`site`), b`standard`),
    prints: vendor,
    without: [join(dead, b`site`)],
  },
  'the first of a name, which there may be a link to': {
    args: at(host.root, b`findfirst=v*`, links, alive),
    prints: join(alive, b`vi`),
    without: [b`${links}/`],
  },
  'all that an rc file sets': {
    args: at(host.root, b`--environment`, b`sh`, join(dead, b`a`), b`standard`),
    prints: [
      b`PATH='${path(b`/own`, ...standard)}'; export PATH;`,
      b`MANPATH='${path(join(host.root, b`software/.admin/man`), host.vendor('man'))}'; export MANPATH;`,
      b`PKG_CONFIG_PATH='${adminPath(host, b`pkgconfig`)}'; export PKG_CONFIG_PATH;`,
    ].join('\n') as Bytes,
    without: [join(dead, b`a`)],
  },
};

const AT_ONCE = 8;

interface Ran {
  readonly out: Bytes;
  readonly err: Bytes;
}

/**
 * What each of `commands` prints, its exit status in a last line, where `dead` is dead; undefined when
 * it, or a process that holds its output, has not ended while all others could, and half a minute more.
 */
function withDeadServer(commands: readonly Bytes[]): readonly (Ran | undefined)[] {
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
  } catch {
    throw new Error('these tests need /dev/fuse, to read and to write');
  }
  const results = scratch();
  const script = [
    'exec 9<>/dev/fuse',
    `mount -i -t fuse -o fd=9,rootmode=40000,user_id=0,group_id=0 dead ${dead} || exit`,
    ...commands.flatMap((each, i) => {
      const result = `${results}/${i}`;
      const run = `env HOME=${alive} PATH=/own ${each}`;
      return [
        `( out=$(${run} 2>${result}.err; printf '%s' "$?"); printf '%s' "$out" >${result}.new; mv ${result}.new ${result}.out ) 9>&- &`,
        // a few at a time: a busy host is another matter
        ...(i % AT_ONCE === 0 ? ['sleep 0.5'] : []),
      ];
    }),
    'tries=300',
    `while set -- ${results}/*.out; [ $# -lt ${commands.length} ] && [ $tries -gt 0 ]; do`,
    'tries=$((tries - 1)); sleep 0.1',
    'done',
    'echo "$@"',
    // those that hang are to be gone, now that their time is over
    `sleep 1; printf '%s' ${dead} >${results}/dead`,
    `grep -lF -f ${results}/dead /proc/[0-9]*/cmdline 2>/dev/null`,
    `umount -f -l ${dead}`,
  ].join('\n') as Bytes;
  const namespace = ['--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];
  const ran = runScript(['unshare', ...namespace, '/bin/sh'], script);
  expect(ran).toMatchObject({ code: 0, err: '' });
  const [outputs = '', ...stillThere] = ran.out.trim().split('\n');
  expect(stillThere).toEqual([]);
  const ended = new Set(outputs.split(' '));
  const read = (name: Bytes) => fromBuffer(readFileSync(toBuffer(name)));
  return commands.map((_, i) => {
    const result = join(results, bytes(String(i)));
    if (!ended.has(b`${result}.out`)) return undefined;
    return { out: read(b`${result}.out`), err: read(b`${result}.err`) };
  });
}

describe('what a dead server has is left off, with one warning, under every shell', () => {
  const asked = Object.entries(QUESTIONS).flatMap(([name, question]) =>
    (question.shells ?? SCRIPT_SHELL_NAMES).map((shell) => ({ name, shell, question })),
  );
  let ran: readonly (Ran | undefined)[] = [];
  beforeAll(() => {
    ran = withDeadServer(
      asked.map(
        ({ shell, question: { home = alive, args } }) =>
          b`/usr/bin/env HOME=${home} ${command(shell, args)}`,
      ),
    );
  }, 60_000);
  test.each(Object.keys(QUESTIONS))('%s', (name) => {
    for (const [i, { shell, question, name: of }] of asked.entries()) {
      if (of !== name) continue;
      const names = question.without.map((each) => ` '${each}'`).join('');
      expect({ shell, ...ran[i] }).toEqual({
        shell,
        out: `${question.prints}\n0`,
        err: `showpath: warning: no answer in time, left off:${names}\n`,
      });
    }
  });
});

test('whoever logs in gets a prompt and a PATH', () => {
  const installed = makeFile(
    join(scratch(), b`showpath`),
    bytes(readFileSync(SHOWPATH, 'utf8')),
    0o755,
  );
  const shells = Object.entries(USER_SHELLS);
  const logins = shells.map(([, { format, start, before = b`` }]) => {
    const ask = b`${installed} --init ${format as Bytes} -q --root ${host.root} ${dead}/a ${alive} standard`;
    const evaluate =
      format === 'csh'
        ? b`eval \`${ask}\``
        : format === 'fish'
          ? b`${ask} | source`
          : b`eval "$(${ask})"`;
    const script = b`${before}${evaluate}\n/usr/bin/printenv PATH\n`;
    return b`${start().map(word).join(' ') as Bytes} <${makeFile(join(scratch(), b`rc`), script)}`;
  });
  const ran = withDeadServer(logins);
  const found = shells.map(([name], i) => [name, ran[i]?.out]);
  expect(found).toEqual(shells.map(([name]) => [name, `${path(b`/own`, alive, ...standard)}\n0`]));
});
