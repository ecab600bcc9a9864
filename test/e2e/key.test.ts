/** `xh key`: for somebody who has never run an authority, and for somebody who has lost a key. */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { spawn } from '@lydell/node-pty';
import { expect, test } from 'vitest';
import { freshSite, temporaryDirectory } from '../site.ts';
import { subscriber } from './stores.ts';
import { program, xh, xhDone } from './xh.ts';

const XH = resolve(import.meta.dirname, '../../dist/xh.cjs');

/** A site with two keys, and the store's directory, which is not there yet. */
function begun(): { readonly root: string; readonly store: string } {
  const { path: root } = freshSite();
  const store = join(temporaryDirectory('store'), 'store');
  writeFileSync(join(root, 'etc/xhier.toml'), `[publish]\nstore = "${store}"\n`);
  xhDone(root, 'key', 'make', 'site', 'publisher');
  return { root, store };
}

interface TrustRecord {
  readonly version: number;
  readonly expires: string;
  readonly site: readonly string[];
  readonly publishers: readonly { readonly name: string; readonly packages: readonly string[] }[];
  readonly revoked: readonly string[];
}

function trustIn(store: string): TrustRecord {
  return JSON.parse(readFileSync(join(store, 'trust.json'), 'utf8')) as TrustRecord;
}

/** Makes the store, lets the publisher publish, and publishes a package. @returns the line for hosts */
function published({ root }: { readonly root: string }): string {
  const line = xhDone(root, 'key', 'trust').stdout;
  xhDone(root, 'key', 'delegate', 'publisher', '--packages', '*');
  xhDone(root, 'mkpkg', 'tool', '--maintainer', 'me@example.org');
  xhDone(root, 'publish');
  return line;
}

/** The site's keys, as a line of `/etc/xhier.toml` has them. */
function keyIn(line: string): string {
  const [, key = ''] = /^site-keys = \["(ed25519:[^"]+)"/.exec(line) ?? [];
  return key;
}

test('four commands make a store, and the third prints the line for every host, and nothing else', () => {
  const site = begun();
  const made = xhDone(site.root, 'key', 'trust');
  expect(made.stdout).toMatch(/^site-keys = \["ed25519:[A-Za-z0-9+/]{43}="\]\n$/);
  expect(made.stderr).toMatch(/record of trust 1, signed by site \([0-9a-f]{16}\), good until 20/);
  expect(made.stderr).toMatch(
    /every host .* has this line in its \/etc\/xhier\.toml, beside 'stores'/,
  );
  const right = xhDone(site.root, 'key', 'delegate', 'publisher', '--packages', 'too* make');
  expect(right.stderr).toMatch(/publisher \([0-9a-f]{16}\) may publish too\* make, good until/);
  xhDone(site.root, 'mkpkg', 'tool', '--maintainer', 'me@example.org');
  xhDone(site.root, 'publish');
  const host = subscriber(site.store, keyIn(made.stdout));
  xhDone(host, 'pull');
  expect(existsSync(join(host, 'software/tool/.admin/Maintainer'))).toBe(true);
  const listed = xhDone(site.root, 'key', 'list', '--store', site.store).stdout;
  expect(listed).toMatch(/^record of trust 2, good until /);
  expect(listed).toMatch(/site +[0-9a-f]{16} +site, here +ed25519:/);
  expect(listed).toMatch(/publisher +[0-9a-f]{16} +publisher +good until \S+: too\* make/);
});

test('secrets are for their owner alone, and are listed without being shown', () => {
  const { root } = begun();
  const file = join(root, 'etc/xhier/keys/site.key');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const { stdout } = xhDone(root, 'key', 'list');
  expect(stdout).toMatch(/^publisher +[0-9a-f]{16} +secret here +ed25519:\S+$/m);
  const secret = readFileSync(file, 'utf8').split('\n')[1] ?? '';
  expect(stdout).not.toContain(secret);
  const again = xh(root, 'key', 'make', 'site');
  expect(again.status).toBe(3);
  expect(again.stderr).toMatch(/there is a key site already.*→ .*never overwritten/s);
});

test('a passphrase comes from the environment or a file, and its lack is told', () => {
  const { root } = begun();
  const secret = { XH_PASSPHRASE: 'open sesame' };
  program('xh.cjs', root, ['key', 'make', 'safe'], secret);
  expect(readFileSync(join(root, 'etc/xhier/keys/safe.key'), 'utf8')).toMatch(/ENCRYPTED/);
  const words = ['key', 'trust', '--site-key', 'safe'];
  const none = xh(root, ...words);
  expect(none.status).toBe(2);
  expect(none.stderr).toMatch(/safe has a passphrase.*→ put it into XH_PASSPHRASE/s);
  const wrong = program('xh.cjs', root, words, { XH_PASSPHRASE: 'guess' });
  expect(wrong.stderr).toMatch(/cannot be read.*→ is the passphrase right/s);
  const file = join(root, 'passphrase');
  writeFileSync(file, 'open sesame\nmore\n');
  expect(program('xh.cjs', root, words, { XH_PASSPHRASE_FILE: file }).status).toBe(0);
  expect(program('xh.cjs', root, words, { XH_PASSPHRASE_FILE: '/none' }).stderr).toMatch(/\/none/);
});

test('on a terminal a passphrase is asked for twice, and what is typed is not shown', async () => {
  const { root } = begun();
  const typed = ['sesame\r', 'sesame\r'];
  const screen = await onTerminal(root, ['key', 'make', 'safe'], typed);
  expect(screen).toMatch(/passphrase for the new key safe.*once more:/s);
  expect(screen).not.toMatch(/sesame/);
  const signed = await onTerminal(
    root,
    ['key', 'trust', '--site-key', 'safe'],
    ['sesamx\u007fe\r'],
  );
  expect(signed).toMatch(/passphrase of the key safe:.*record of trust 1/s);
  const differs = await onTerminal(root, ['key', 'make', 'other'], ['one\r', 'two\r']);
  expect(differs).toMatch(/not the same passphrase.*no key was made/s);
  expect(existsSync(join(root, 'etc/xhier/keys/other.key'))).toBe(false);
  const given = await onTerminal(root, ['key', 'make', 'other'], ['one\u0003']);
  expect(given).toMatch(/interrupted/);
});

/** Runs `xh` on a terminal and types one answer after each question. @returns all that was shown */
function onTerminal(
  root: string,
  words: readonly string[],
  answers: readonly string[],
): Promise<string> {
  const terminal = spawn(process.execPath, [XH, ...words], {
    cols: 200,
    env: { ...process.env, XH_ROOT: root, NO_COLOR: '1' },
  });
  let shown = '';
  let asked = 0;
  return new Promise((resolve_) => {
    terminal.onData((text) => {
      shown += text;
      if (shown.endsWith(': ') && asked < answers.length) {
        terminal.write(answers[asked++] ?? '');
      }
    });
    terminal.onExit(() => {
      resolve_(shown);
    });
  });
}

test('the key of the site is changed, and hosts that have seen only the old one follow', () => {
  const site = begun();
  const old = keyIn(published(site));
  const away = subscriber(site.store, old);
  const early = subscriber(site.store, old);
  xhDone(early, 'pull');
  xhDone(site.root, 'key', 'make', 'next');
  const added = xhDone(site.root, 'key', 'add-site', 'next');
  expect(added.stdout).toMatch(/^site-keys = \["ed25519:[^"]+", "ed25519:[^"]+"\]\n$/);
  xhDone(site.root, 'key', 'revoke', 'site', '--site-key', 'next');
  xhDone(site.root, 'key', 'trust');
  expect(trustIn(site.store).site).toHaveLength(1);
  xhDone(site.root, 'publish', '--anew');
  // one that has seen the first records, and one that has never seen any
  for (const host of [early, away]) {
    const ran = xh(host, 'pull');
    expect(`${ran.status} ${ran.stderr}`).toMatch(/^0 /);
    expect(existsSync(join(host, 'software/tool/.admin'))).toBe(true);
  }
  const refused = xh(site.root, 'key', 'trust', '--site-key', 'site');
  expect(refused.status).toBe(3);
  expect(refused.stderr).toMatch(/is no key of the site to which .* belongs.*→ sign with one of/s);
});

test('what a revoked key has signed is not believed, until it is published with another one', () => {
  const site = begun();
  const key = keyIn(published(site));
  const host = subscriber(site.store, key);
  xhDone(site.root, 'key', 'make', 'second');
  xhDone(site.root, 'key', 'delegate', 'second', '--packages', '*');
  const ran = xhDone(site.root, 'key', 'revoke', 'publisher');
  expect(ran.stderr).toMatch(/nobody believes key [0-9a-f]{16} any more.*xh publish --anew/s);
  const before = xh(host, 'pull');
  expect(before.status).not.toBe(0);
  expect(before.stderr).toMatch(/its head of tool is not signed by a publisher/);
  const refused = xh(site.root, 'publish', 'tool', '--key', 'second');
  expect(refused.stderr).toMatch(/refused: .*→ .*xh publish --anew tool/s);
  xhDone(site.root, 'publish', '--anew', '--key', 'second');
  xhDone(host, 'pull');
  expect(existsSync(join(host, 'software/tool/.admin'))).toBe(true);
  expect(xh(site.root, 'publish', 'tool').stderr).toMatch(/key [0-9a-f]{16} has been revoked/);
  expect(xh(site.root, 'key', 'delegate', 'publisher', '--packages', '*').stderr).toMatch(
    /has been revoked, and stays so.*→ make a new key/s,
  );
});

test('a store that was lost is made again above what hosts have seen', () => {
  const site = begun();
  const host = subscriber(site.store, keyIn(published(site)));
  xhDone(site.root, 'publish', '--anew');
  xhDone(host, 'pull');
  rmSync(site.store, { recursive: true });
  xhDone(site.root, 'key', 'trust');
  expect(xh(host, 'pull').stderr).toMatch(
    /record of trust is number 1, and number 2 has been seen/,
  );
  xhDone(site.root, 'key', 'trust', '--number', '5');
  xhDone(site.root, 'key', 'delegate', 'publisher', '--packages', '*');
  expect(trustIn(site.store).version).toBe(6);
  xhDone(site.root, 'publish', '--revision', '9');
  writeFileSync(join(site.root, 'software/tool/data/new'), 'new\n');
  expect(xhDone(site.root, 'publish').stderr).toMatch(/^tool +revision 10 /m);
  xhDone(host, 'pull');
  expect(readFileSync(join(host, 'software/tool/data/new'), 'utf8')).toBe('new\n');
});

test('words that are wrong are told, with what is right', () => {
  const { root } = begun();
  xhDone(root, 'key', 'trust');
  const told = (...words: readonly string[]): string => {
    const ran = xh(root, 'key', ...words);
    return `${ran.status} ${ran.stderr}`;
  };
  expect(told('mak')).toMatch(/^2 .*no action 'mak'.*did you mean 'make'/s);
  expect(told('make')).toMatch(/^2 .*wants a name/);
  expect(told('make', '../x')).toMatch(/^2 .*cannot be the name of a key/);
  expect(told('delegate', 'publisher')).toMatch(/^2 .*wants the packages: --packages/);
  expect(told('delegate', 'nobody', '--packages', 'x')).toMatch(/^2 .*no key.*publisher, site/s);
  expect(told('delegate', 'publisher', '--packages', ' ,')).toMatch(/^2 .*wants the packages/);
  expect(told('delegate', 'publisher', '--packages', 'x', '--days', '0')).toMatch(/^2 .*1 to 3650/);
  expect(told('revoke', 'nobody')).toMatch(/^2 .*knows no key nobody.*→ known are [0-9a-f]{16}/s);
  expect(told('revoke', 'site')).toMatch(/^3 .*the only key of the site.*→ .*add-site/s);
  expect(told('list', '--days', '9')).toMatch(/^2 .*--days means nothing to xh key list.*trust/s);
  expect(told('trust', 'site')).toMatch(/^2 .*what is 'site'/);
  const none = join(root, 'none/store');
  expect(told('trust', '--store', none)).toMatch(/^1 .*no such file/);
  expect(told('delegate', 'publisher', '--packages', 'x', '--store', root)).toMatch(
    /^3 .*does not say yet whom to believe.*→ xh key trust/s,
  );
});
