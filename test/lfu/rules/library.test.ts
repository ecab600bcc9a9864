import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bytes, fromBuffer } from '../../../src/bytes/bytes.ts';
import { compileRules, type RuleSet } from '../../../src/lfu/rules/evaluator.ts';
import type { RuleObject } from '../../../src/lfu/rules/object.ts';
import { DAY, NOW, object, sources, type Site } from './support.ts';

const DIRECTORY = join(import.meta.dirname, '../../../rules');

function load(name: string, site: Site = {}): RuleSet {
  const text = fromBuffer(readFileSync(join(DIRECTORY, name)));
  const set = compileRules(
    { file: bytes(`rules/${name}`), text },
    sources({
      users: { tex: 1, emacs: 2, vlsitools: 3, poplog: 4 },
      netgroups: {
        'b-packages': ['emacs'],
        'carried-here': ['tex'],
        'local-packages': ['tex', 'emacs'],
        'vlsi-packages': ['vlsitools', 'poplog'],
        'vlsi-carried': ['poplog'],
        frozen: ['emacs'],
        'under-test': ['tex'],
      },
      files: { 'rules/daemons': 'sbin/named\n', 'rules/rootfiles': 'bin/su\n' },
      arch: 'sun4',
      ...site,
    }),
  );
  expect(set.warnings).toEqual([]);
  return set;
}

/** The disposition, and where a link leads. */
function fate(set: RuleSet, path: string, more: Partial<RuleObject>): string {
  const { disposition, source } = set.decide(object(path, more));
  return source ? `${disposition} ${source.constant ?? '?'}` : disposition;
}

const ROOT = { uid: 0 };
const TEX = { uid: 1 };
const EMACS = { uid: 2 };
const VLSI = { uid: 3 };
const POPLOG = { uid: 4 };

/** What each script promises. */
const PROMISES: Readonly<Record<string, () => void>> = {
  'link-package.rules': () => {
    const set = load('link-package.rules');
    expect(fate(set, 'bin/spice', VLSI)).toBe('link /usr/remote/vlsi');
    expect(fate(set, 'bin/tex', TEX)).toBe('update');
  },
  'disjoint-a.rules': () => {
    const set = load('disjoint-a.rules');
    expect(fate(set, 'bin/emacs', EMACS)).toBe('link /usr/remote/server-b');
    expect(fate(set, 'bin/tex', TEX)).toBe('update');
  },
  'disjoint-b.rules': () => {
    const set = load('disjoint-b.rules');
    expect(fate(set, 'bin/emacs', EMACS)).toBe('update');
    expect(fate(set, 'bin/tex', TEX)).toBe('link /usr/remote/server-a');
    expect(fate(set, 'bin', { ...ROOT, type: 'd' })).toBe('update');
  },
  'subset-slave.rules': () => {
    const set = load('subset-slave.rules');
    const size = 100_000;
    expect(fate(set, 'bin/tex', { ...TEX, size })).toBe('update');
    expect(fate(set, 'bin/emacs', { ...EMACS, size })).toBe('link /usr/remote/main/sun4');
    expect(set.decide(object('bin/wrapper', { ...EMACS, size: 100 })).disposition).toBe('update');
    expect(fate(set, 'bin', { ...ROOT, type: 'd' })).toBe('update');
  },
  'two-clusters-local.rules': () => {
    const set = load('two-clusters-local.rules');
    expect(fate(set, 'bin/spice', VLSI)).toBe('ignore');
    expect(fate(set, 'bin/tex', TEX)).toBe('update');
  },
  'two-clusters-remote.rules': () => {
    const set = load('two-clusters-remote.rules');
    expect(fate(set, 'bin/tex', TEX)).toBe('ignore');
    expect(fate(set, 'bin/pop', POPLOG)).toBe('update');
    expect(fate(set, 'bin/spice', VLSI)).toBe('link /usr/remote/vlsi/sun4');
    expect(fate(set, 'bin', { ...ROOT, type: 'd' })).toBe('preserve');
    expect(fate(set, 'bin/su', ROOT)).toBe('ignore');
    expect(fate(set, 'bin/new', { uid: 99 })).toBe('error');
  },
  'access-time-migration.rules': () => {
    const set = load('access-time-migration.rules');
    const atime = NOW - 20 * DAY;
    expect(fate(set, 'lib/big', { size: 1e6, atime })).toBe('link /usr/remote/mainserver');
    expect(fate(set, 'lib/big', { size: 1e6, atime: NOW - DAY })).toBe('update');
    expect(fate(set, 'lib', { type: 'd', size: 1e6, atime })).toBe('update');
  },
  'daemons.rules': () => {
    const set = load('daemons.rules');
    expect(set.decide(object('sbin/named'))).toMatchObject({ keep: true, log: true });
    expect(set.decide(object('sbin/named')).exec).toHaveLength(1);
    expect(set.decide(object('bin/named')).exec).toHaveLength(0);
  },
  'root-files.rules': () => {
    const set = load('root-files.rules');
    expect(set.decide(object('bin/su', TEX))).toMatchObject({ disposition: 'update', chown: 0 });
    expect(fate(set, 'bin/sh', ROOT)).toBe('error');
    expect(fate(set, 'bin', { ...ROOT, type: 'd' })).toBe('update');
    expect(fate(set, 'bin/tex', TEX)).toBe('update');
  },
  'freeze-by-netgroup.rules': () => {
    const set = load('freeze-by-netgroup.rules');
    expect(fate(set, 'bin/emacs', EMACS)).toBe('ignore');
    expect(fate(set, 'bin/tex', TEX)).toBe('update');
  },
  'frozen-package.rules': () => {
    const set = load('frozen-package.rules', { host: 'lab-12' });
    expect(fate(set, 'bin/pop', POPLOG)).toBe('ignore');
    expect(fate(set, 'share/doc/poplog', POPLOG)).toBe('update');
    expect(fate(load('frozen-package.rules'), 'bin/pop', POPLOG)).toBe('update');
  },
  'test-host-from-master.rules': () => {
    expect(fate(load('test-host-from-master.rules'), 'bin/tex', TEX)).toBe('update');
    const there = load('test-host-from-master.rules', { host: 'testbed' });
    expect(fate(there, 'bin/tex', TEX)).toBe('link');
    expect(fate(there, 'bin/emacs', EMACS)).toBe('update');
  },
  'shadow-tree.rules': () => {
    const set = load('shadow-tree.rules');
    expect(fate(set, 'src/main.c', {})).toBe('shadow');
    expect(fate(set, 'src', { type: 'd' })).toBe('shadow');
    expect(fate(set, 'src/main.o', {})).toBe('ignore');
    expect(fate(set, 'config.status', {})).toBe('ignore');
  },
};

describe('the scripts to start from', () => {
  test.each(Object.entries(PROMISES))('%s does what it says', (_name, check) => {
    expect(check).not.toThrow();
  });

  test('all are here, and all are in the list', () => {
    const present = readdirSync(DIRECTORY).filter((name) => name.endsWith('.rules'));
    expect(present.toSorted()).toEqual(Object.keys(PROMISES).toSorted());
    const readme = readFileSync(join(DIRECTORY, 'README.md'), 'utf8');
    expect(present.filter((name) => !readme.includes(`(${name})`))).toEqual([]);
  });
});
