/**
 * Stores that somebody has meddled with, or that are damaged or old: a host that pulls from one keeps
 * what it has, says what is wrong and what to do, and goes on when the store is right again.
 */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { headText, parseHead, type Head } from '../../src/distribute/store/head.ts';
import { generateKey, readSigningKey, type SigningKey } from '../../src/distribute/store/signed.ts';
import { trustText, readTrust } from '../../src/distribute/store/trust.ts';
import { siteThatStays } from '../site.ts';
import { program, xhDone, type Ran } from './xh.ts';

const top = siteThatStays();
const site = join(top, 'site');
const store = join(top, 'store');
const host = join(top, 'host');
const kept = join(top, 'kept');

/** What stood at a path of the store before its second revision. */
const earlier = (path: string): string => readFileSync(join(kept, 'earlier', path), 'utf8');
const read = (path: string): string => readFileSync(join(store, path), 'utf8');
const write = (path: string, content: string | Buffer): void => {
  writeFileSync(join(store, path), content);
};

/** Two revisions of `tool` in the store, beside `other`; the host has the first of each. */
beforeAll(() => {
  for (const each of [site, host]) mkdirSync(join(each, 'etc'), { recursive: true });
  writeFileSync(join(site, 'etc/xhier.toml'), `[publish]\nstore = "${store}"\n`);
  xhDone(site, 'key', 'make', 'site', 'publisher', 'rogue');
  const line = xhDone(site, 'key', 'trust', '--days', '300').stdout;
  xhDone(site, 'key', 'delegate', 'publisher', '--packages', '*', '--days', '300');
  xhDone(site, 'key', 'delegate', 'rogue', '--packages', 'other');
  for (const name of ['tool', 'other']) xhDone(site, 'mkpkg', name, '--maintainer', 'me@x.org');
  const set = (text: string): void => {
    const data = join(site, 'software/tool/data');
    writeFileSync(join(data, 'small'), text);
    writeFileSync(join(data, 'large'), text.repeat(30_000));
  };
  set('first');
  xhDone(site, 'publish');
  writeFileSync(join(host, 'etc/xhier.toml'), `stores = ["${store}"]\n${line}`);
  xhDone(host, 'pull');
  cpSync(store, join(kept, 'earlier'), { recursive: true });
  set('second');
  xhDone(site, 'publish');
  cpSync(store, join(kept, 'store'), { recursive: true });
  execFileSync('cp', ['-a', host, join(kept, 'host')]);
}, 60_000);

function restore(): void {
  for (const name of ['store', 'host']) {
    rmSync(join(top, name), { recursive: true, force: true });
    execFileSync('cp', ['-a', join(kept, name), join(top, name)]);
  }
}

/** What the host has. */
function has(): string {
  return readFileSync(join(host, 'software/tool/data/small'), 'utf8');
}

function pullAt(days: number): Ran {
  const library = execFileSync('sh', ['-c', 'ls /usr/lib/*/faketime/libfaketime.so.1']);
  const environment = {
    LD_PRELOAD: library.toString().trim(),
    FAKETIME: `${days < 0 ? '' : '+'}${days}d`,
    NO_FAKE_STAT: '1',
  };
  return program('xh.cjs', host, ['pull'], days === 0 ? {} : environment);
}

function key(name: string): SigningKey {
  return readSigningKey(readFileSync(join(site, `etc/xhier/keys/${name}.key`), 'utf8'));
}

/** The head of `tool` with changes, signed by a key of the site's own or another one. */
function signed(by: SigningKey, changes: Partial<Head> = {}): string {
  return headText({ ...parseHead(read('heads/tool.json')).head, ...changes }, [by]);
}

/** Changes a byte in the largest files of a part of the store. */
function damage(part: 'objects' | 'trees'): void {
  for (const file of largest(part)) {
    const content = readFileSync(join(store, file));
    content[content.length >> 1] = (content[content.length >> 1] ?? 0) ^ 1;
    write(file, content);
  }
}

function largest(part: 'objects' | 'trees'): readonly string[] {
  const now = readdirSync(join(store, part), { recursive: true }) as string[];
  const before = new Set(readdirSync(join(kept, 'earlier', part), { recursive: true }) as string[]);
  return now
    .filter((path) => path.includes('/') && !before.has(path))
    .map((path) => `${part}/${path}`);
}

interface Attack {
  readonly what: string;
  readonly meddle: () => void;
  readonly says: RegExp;
  readonly advises: RegExp;
  /** When the host pulls: days from now. */
  readonly days?: number;
}

const ATTACKS: readonly Attack[] = [
  {
    what: 'a head that somebody has made himself',
    meddle: () => {
      write('heads/tool.json', signed(generateKey().key, { revision: 9 }));
    },
    says: /its head of tool is not signed by a publisher/,
    advises: /signed by [0-9a-f]{16}; the publishers are publisher \([0-9a-f]{16}\)/,
  },
  {
    what: 'a head that was changed after it was signed',
    meddle: () => {
      write('heads/tool.json', read('heads/tool.json').replace('"revision": 2', '"revision": 3'));
    },
    says: /its head of tool is not signed by a publisher/,
    advises: /the publishers are/,
  },
  {
    what: 'a head without signatures',
    meddle: () => {
      write(
        'heads/tool.json',
        read('heads/tool.json').replace(/"signatures": \[[^\]]*\]/, '"signatures": []'),
      );
    },
    says: /its head of tool is not signed by a publisher/,
    advises: /signed by nobody/,
  },
  {
    what: 'a head that is cut off',
    meddle: () => {
      write('heads/tool.json', read('heads/tool.json').slice(0, 300));
    },
    says: /a record of the store cannot be used: .*cut off/,
    advises: /fetch it again, or from another store/,
  },
  {
    what: 'a head of another package under the name of this one',
    meddle: () => {
      write('heads/tool.json', read('heads/other.json'));
    },
    says: /its head of tool is one of other/,
    advises: /look who can write to this one/,
  },
  {
    what: 'a head by a publisher who may sign for other packages only',
    meddle: () => {
      write('heads/tool.json', signed(key('rogue'), { revision: 3 }));
    },
    says: /its head of tool is signed by rogue, who may not sign for it now/,
    advises: /xh key delegate rogue/,
  },
  {
    what: 'a head whose time is over, or a clock that is ahead',
    meddle: () => undefined,
    days: 40,
    says: /its head of tool was good until 20\d\d-/,
    advises: /is the clock right\? else publish the package again/,
  },
  {
    what: 'a record of trust whose time is over, or a clock that is far ahead',
    meddle: () => undefined,
    days: 320,
    says: /its record of trust was good until 20\d\d-/,
    advises: /is the clock right\? else the site has to sign a new one: xh key trust/,
  },
  {
    what: 'a record of trust that is cut off',
    meddle: () => {
      write('trust.json', read('trust.json').slice(0, 100));
    },
    says: /a record of the store cannot be used: .*cut off/,
    advises: /from another store/,
  },
  {
    what: 'a record of trust of another site',
    meddle: () => {
      const other = generateKey().key;
      const trust = { ...readTrust(read('trust.json')), site: [other.public], version: 9 };
      write('trust.json', trustText(trust, [other]));
    },
    says: /its record of trust is not signed by a key of this site/,
    advises: /known are [0-9a-f]{16}.*is it the right store/,
  },
  {
    what: 'a record of trust from before',
    meddle: () => {
      write('trust.json', read('trust/1.json'));
    },
    says: /its record of trust is number 1, and number 3 has been seen/,
    advises: /an old copy is served: have it brought up to date, or use another store/,
  },
  {
    what: 'no record of trust',
    meddle: () => {
      rmSync(join(store, 'trust.json'));
    },
    says: /has no record of trust/,
    advises: /xh key trust makes the record/,
  },
  {
    what: 'objects that are something else',
    meddle: () => {
      damage('objects');
    },
    says: /has something else at objects\//,
    advises: /use another store, and xh store verify on this one/,
  },
  {
    what: 'listings that are something else',
    meddle: () => {
      damage('trees');
    },
    says: /has something else at trees\//,
    advises: /use another store, and xh store verify on this one/,
  },
  {
    what: 'objects that are longer than they should be',
    meddle: () => {
      for (const file of largest('objects')) appendFileSync(join(store, file), 'more');
    },
    says: /has something else at objects\//,
    advises: /use another store/,
  },
  {
    what: 'objects that are not there',
    meddle: () => {
      for (const file of largest('objects')) rmSync(join(store, file));
    },
    says: /has no objects\//,
    advises: /xh store verify tells all that is missing; publish the package again/,
  },
  {
    what: 'listings that are not there',
    meddle: () => {
      for (const file of largest('trees')) rmSync(join(store, file));
    },
    says: /has no trees\//,
    advises: /xh store verify tells all that is missing/,
  },
  {
    what: 'nothing, where a disk should be mounted',
    meddle: () => {
      rmSync(store, { recursive: true });
      mkdirSync(store);
    },
    says: /there is no store in /,
    advises: /is it mounted/,
  },
];

describe('refused, with what to do, and nothing is changed:', () => {
  test.each(ATTACKS)('$what', ({ meddle, says, advises, days = 0 }) => {
    restore();
    meddle();
    const { status, stderr } = pullAt(days);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(says);
    expect(stderr.slice(stderr.search(says))).toMatch(new RegExp(`→ .*${advises.source}`, 's'));
    expect(stderr).not.toMatch(/defect of xhier/);
    expect(has()).toBe('first');
    rmSync(store, { recursive: true });
    cpSync(join(kept, 'store'), store, { recursive: true });
    xhDone(host, 'pull');
    expect(has()).toBe('second');
  });
});

test('a head from before is not gone back to', () => {
  restore();
  xhDone(host, 'pull');
  write('heads/tool.json', earlier('heads/tool.json'));
  const { status, stderr } = pullAt(0);
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/its head of tool is revision 1, and revision 2 has been seen/);
  expect(stderr).toMatch(
    /→ an old copy is served: have it brought up to date, or use another store/,
  );
  expect(has()).toBe('second');
});

test('a clock that is behind is ridden out', () => {
  restore();
  const { status } = pullAt(-400);
  expect(status).toBe(0);
  expect(has()).toBe('second');
});

test('what somebody writes into the list of packages does no harm', () => {
  restore();
  const names = ['tool', 'other', 'nobody', '../../etc', '', 'a/b', '.hidden'];
  write('packages.json', JSON.stringify({ format: 1, packages: names }));
  expect(pullAt(0).status).toBe(0);
  expect(has()).toBe('second');
  restore();
  write('packages.json', '{"format": 1, "pack');
  const { status, stderr } = pullAt(0);
  expect(`${status} ${stderr}`).toMatch(
    /^1 .*list of packages cannot be used.*→ publish a package/s,
  );
  expect(has()).toBe('first');
});

test('beside a store that is right, one that is not does no harm, and is told of', () => {
  const good = join(top, 'good');
  cpSync(join(kept, 'store'), good, { recursive: true });
  const harm: readonly (readonly [() => void, RegExp | undefined])[] = [
    [() => damage('objects'), /has something else at objects/],
    // that is one that has not been mirrored yet
    [() => rmSync(join(store, 'heads/tool.json')), undefined],
    [() => write('heads/tool.json', '{'), /cut off/],
    [() => write('trust.json', '{}'), /has no signatures/],
    [() => rmSync(store, { recursive: true }), /there is no store in/],
  ];
  for (const [meddle, told] of harm) {
    restore();
    const config = join(host, 'etc/xhier.toml');
    const text = readFileSync(config, 'utf8');
    writeFileSync(config, text.replace(`["${store}"]`, `["${store}", "${good}"]`));
    meddle();
    const { status, stderr } = pullAt(0);
    expect(`${status} ${stderr}`).toMatch(/^0 /);
    if (told === undefined) expect(stderr).not.toMatch(/heads/);
    else expect(stderr).toMatch(told);
    expect(has()).toBe('second');
  }
});
