/** `showpath -f json`, the part that Node does, and the programs as they are installed. */
import { chmodSync, copyFileSync, readFileSync, symlinkSync } from 'node:fs';
import { buildSync } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { b, bytes, fromJson, toText, type Bytes } from '../../src/bytes/bytes.ts';
import { join } from '../../src/bytes/path.ts';
import { adminPath } from '../../src/site/site.ts';
import { makeDirectory, makeFile, makeHost, scratch } from './hosts.ts';
import { program, runScript, SHOWPATH, word } from './shells.ts';

const host = makeHost();
const standard = [adminPath(host, b`bins/bin`), host.vendor('usr/bin'), host.vendor('bin')].join(
  ':',
);

/** showpath and its Node part beside each other, as a build leaves them. */
const installed = join(scratch(), b`showpath`);
makeFile(installed, bytes(readFileSync(SHOWPATH, 'utf8').replaceAll('@VERSION@', '1.2.3')), 0o755);
buildSync({
  entryPoints: [join(SHOWPATH as Bytes, b`../../cli/showpath.ts`)],
  outfile: `${installed}.cjs`,
  bundle: true,
  platform: 'node',
  format: 'cjs',
});

const env = { PATH: `${join(bytes(program('node')), b`..`)}:/usr/bin:/bin` };
const json = { code: 0, out: `${JSON.stringify({ PATH: standard })}\n`, err: '' };
const run = (command: Bytes, cwd = '/') => runScript(['/bin/sh'], b`${command}\n`, { env, cwd });

test('json is the assignment for programs', () => {
  expect(run(b`${installed} --root ${host.root} -f json`)).toEqual(json);
  const named = run(b`${installed} --root ${host.root} --json -v MY_PATH /usr/bin`);
  expect(JSON.parse(named.out)).toEqual({ MY_PATH: '/usr/bin' });
});

test('names that JSON cannot hold as text come as base64', () => {
  const odd = makeDirectory(join(scratch(), 'a"\\\u0001\xff' as Bytes));
  const ran = run(b`${installed} -f json ${word(odd)}`);
  const { PATH } = JSON.parse(ran.out) as { PATH: { base64: string } };
  expect(fromJson(PATH)).toBe(odd);
  const text = makeDirectory(join(scratch(), b`"é\\ ¥`));
  expect(JSON.parse(toText(run(b`${installed} -f json ${word(text)}`).out))).toEqual({
    PATH: toText(text),
  });
});

describe('the Node part is found', () => {
  test('through links to links, relative ones, and on PATH', () => {
    const bin = makeDirectory(join(scratch(), b`my bin`));
    symlinkSync(installed, join(bin, b`first`));
    symlinkSync('first', join(bin, b`showpath`));
    expect(run(b`${word(bin)}/showpath --root ${host.root} -f json`)).toEqual(json);
    expect(run(b`./showpath --root ${host.root} -f json`, bin)).toEqual(json);
    expect(run(b`sh showpath --root ${host.root} -f json`, bin)).toEqual(json);
    expect(run(b`PATH=${word(bin)}:$PATH showpath --root ${host.root} -f json`)).toEqual(json);
  });
});

test('without Node there is a message that says so, and a failure', () => {
  const ran = runScript(['/bin/sh'], b`PATH=/nonexistent exec ${installed} -f json\n`);
  expect(ran.code).not.toBe(0);
  expect(ran.out).toBe('');
  expect(ran.err).toContain('needs node');
});

test('without the Node part there is a message that names it, and a failure', () => {
  const alone = join(scratch(), b`showpath`);
  copyFileSync(installed, alone);
  chmodSync(alone, 0o755);
  const ran = run(b`${alone} -f json`);
  expect(ran).toMatchObject({ code: 1, out: '' });
  expect(ran.err).toContain(`${alone}.cjs is missing`);
});

test('the inner part called by a person explains itself', () => {
  const ran = run(b`node ${installed}.cjs < /dev/null`);
  expect(ran).toMatchObject({ code: 2, out: '' });
  expect(ran.err).toContain('showpath -f json');
});

test('the version is that of the build', () => {
  const elsewhere = join(scratch(), b`showpath`);
  copyFileSync(installed, elsewhere);
  chmodSync(elsewhere, 0o755);
  expect(run(b`${elsewhere} --version`).out).toBe('showpath (xhier) 1.2.3\n');
});
