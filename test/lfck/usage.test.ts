import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytes, type Bytes } from '../../src/bytes/bytes.ts';
import type { ObjectStat } from '../../src/files/stat.ts';
import type { Standing } from '../../src/lfck/standing.ts';
import { createUsageCounter, sum } from '../../src/lfck/usage.ts';
import {
  freshMaster,
  LFCK,
  lfck,
  report,
  UID,
  type Figures,
  type Master,
  type Row,
} from './master.ts';

/** A master of 1991: exported trees for two architectures, homes, objects on a disk of their own. */
function edinburgh(): Master {
  const master = freshMaster();
  master.plant({
    'export/local/share/tex/plain.fmt': { owner: 'tex', size: 900_000 },
    'export/local/share/man/man1/tex.1': { owner: 'tex', size: 3_000 },
    'export/local/sun3/bin/tex': { owner: 'tex', size: 250_000 },
    'export/local/sun4/bin/tex': { owner: 'tex', size: 300_000 },
    'export/local/sun4/bin/emacs': { owner: 'emacs', size: 3_000_000 },
    'export/local/sun4/bin/em': { owner: 'emacs', target: 'emacs' },
    'export/local/sun4/bin/e': { sameAs: 'export/local/sun4/bin/emacs' },
    'home/emacs/src/emacs.tar': { owner: 'emacs', size: 5_000_000 },
    'home/tex/tex.web': { owner: 'tex', size: 700_000 },
    'home/tex/share-it.txt': { owner: 'tex', size: 400_000 },
    'export/local/share/tex/share-it.txt': { sameAs: 'home/tex/share-it.txt' },
    'obj/local/sun4/emacs/x.o': { owner: 'emacs', size: 500_000 },
    'obj/local/sun3/tex/x.o': { owner: 'tex', size: 200_000 },
    'obj/local/sun3/tex/strange': { owner: 4_000_000_000, size: 9_000 },
  });
  return master;
}

const TREES = ['export/local', 'home', 'obj'];

function trees(master: Master): readonly string[] {
  return ['--export', master.at('export/local'), master.at('home'), master.at('obj')];
}

/** The same figures by find(1): allocated blocks of each object once, by owner and tree. */
function byFind(master: Master): Map<string, { own: number; exported: number }> {
  const found = new Map<string, { own: number; exported: number }>();
  const seen = new Map<string, string>();
  const text = execFileSync('find', [...TREES, '-printf', '%U %D:%i %b %p\\n'], {
    cwd: master.path,
    encoding: 'utf8',
  });
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' '));
  for (const [uid = '', inode = '', blocks = '', path = ''] of lines) {
    const side = path.startsWith('export/') ? 'exported' : 'own';
    const architecture = /^(?:export|obj)\/local\/(sun3|sun4)(?:\/|$)/.exec(path)?.[1] ?? 'share';
    // find names the exported tree first, and there it counts
    if (seen.has(inode)) continue;
    seen.set(inode, path);
    const key = `${uid} ${architecture}`;
    const figure = found.get(key) ?? { own: 0, exported: 0 };
    figure[side] += Number(blocks) * 512;
    found.set(key, figure);
  }
  return found;
}

describe('disk usage', () => {
  test('is what find says, for each owner and architecture, own and exported', () => {
    const master = edinburgh();
    const { usage } = report([...master.etc, ...trees(master)]);
    const said = usage.owners.flatMap((row) =>
      row.architectures.map(({ architecture, own, exported }): [string, object] => [
        `${row.uid} ${architecture}`,
        { own, exported },
      ]),
    );
    expect(Object.fromEntries(said)).toEqual(Object.fromEntries(byFind(master)));
  });

  test('adds up to what du says', () => {
    const master = edinburgh();
    const { usage } = report([...master.etc, ...trees(master)]);
    const du = execFileSync('du', ['-s', '-c', '-B512', ...TREES], {
      cwd: master.path,
      encoding: 'utf8',
    });
    const total = Number(/^(\d+)\ttotal$/m.exec(du)?.[1]);
    expect(usage.totals.total).toBe(total * 512);
    const objects = execFileSync('find', ['export/local', 'home', 'obj', '-printf', '%i\\n'], {
      cwd: master.path,
      encoding: 'utf8',
    });
    expect(usage.totals.objects).toBe(new Set(objects.trimEnd().split('\n')).size);
  });

  test('has rows and columns that add up, the largest owner first', () => {
    const master = edinburgh();
    const { owners, totals } = report([...master.etc, ...trees(master)]).usage;
    expect(owners.map(({ owner }) => owner)).toEqual(['emacs', 'tex', 'root', '4000000000']);
    const add = (figures: readonly Figures[], key: keyof Figures): number =>
      figures.reduce((all, figure) => all + figure[key], 0);
    for (const row of [...owners, totals]) {
      expect(row.own + row.exported).toBe(row.total);
      expect(add(row.architectures, 'own')).toBe(row.own);
      expect(add(row.architectures, 'exported')).toBe(row.exported);
    }
    for (const key of ['own', 'exported', 'total'] as const) {
      expect(add(owners, key)).toBe(totals[key]);
    }
    for (const column of totals.architectures) {
      const cells = owners.flatMap((row) =>
        row.architectures.filter(({ architecture }) => architecture === column.architecture),
      );
      expect(add(cells, 'total')).toBe(column.total);
    }
  });

  test('of a second name counts where slaves have it, whatever is named first', () => {
    const master = freshMaster();
    master.plant({
      'a-home/f': { owner: 'tex', size: 100_000 },
      'export/share/f': { sameAs: 'a-home/f' },
    });
    const size = statSync(master.at('a-home/f')).blocks * 512;
    for (const words of [
      [master.at('a-home'), '--export', master.at('export')],
      ['--export', master.at('export'), master.at('a-home')],
      [master.path, '--export', master.at('export')],
    ]) {
      const tex = rowOf(report([...master.etc, ...words]).usage.owners, 'tex');
      expect(tex).toMatchObject({ own: 0, exported: size, objects: 1 });
    }
  });

  test('counts a tree once that is named twice, stands in another, or is reached by a link', () => {
    const master = edinburgh();
    symlinkSync(master.at('home'), master.at('link'));
    const once = report([...master.etc, master.at('home')]).usage.totals;
    const home = master.at('home');
    const again = [home, `${home}/tex`, master.at('link'), `${home}/../home/`];
    expect(report([...master.etc, ...again]).usage.totals).toEqual(once);
    expect(report([...master.etc, ...again.toReversed()]).usage.totals).toEqual(once);
  });

  test('of a sparse file is what it occupies', () => {
    const master = freshMaster();
    master.plant({ 'home/tex/core': { owner: 'tex', size: 0 } });
    execFileSync('truncate', ['-s', '1T', master.at('home/tex/core')]);
    const { owners } = report([...master.etc, master.at('home/tex')]).usage;
    expect(rowOf(owners, 'tex').total).toBe(statSync(master.at('home/tex/core')).blocks * 512);
  });

  test('stays on one file system when told to', () => {
    const master = freshMaster();
    master.plant({ 'home/tex/f': { owner: 'tex', size: 100_000 } });
    mkdirSync(master.at('home/tex/mnt'));
    const words = [...master.etc, '--json', '--usage', master.at('home')].join("' '");
    // a file system of its own, seen by this command only
    const text = execFileSync(
      'unshare',
      [
        '-m',
        'sh',
        '-c',
        `mount -t tmpfs none ${master.at('home/tex/mnt')} &&
        head -c 1000000 /dev/zero > ${master.at('home/tex/mnt')}/g &&
        chown ${UID.emacs} ${master.at('home/tex/mnt')}/g &&
        for x in '' -x; do '${process.execPath}' '${LFCK}' '${words}' $x; echo ---; done`,
      ],
      { encoding: 'utf8', env: { ...process.env, XH_ROOT: '' } },
    );
    const [whole = '', one = ''] = text.split('---\n');
    const owners = (json: string): readonly string[] =>
      (JSON.parse(json) as { usage: { owners: readonly Row[] } }).usage.owners.map(
        ({ owner }) => owner,
      );
    expect(owners(whole)).toContain('emacs');
    expect(owners(one)).not.toContain('emacs');
  });
});

describe('an architecture', () => {
  test('is what a tree is given for', () => {
    const master = edinburgh();
    const words = [`sun4=${master.at('home/emacs')}`, `vax=${master.at('obj/local/sun3')}`];
    const { totals } = report([...master.etc, ...words]).usage;
    expect(totals.architectures.map(({ architecture }) => architecture)).toEqual(['sun4', 'vax']);
  });

  test('is the outermost directory called like one, near a tree', () => {
    const master = freshMaster();
    master.plant({
      'local/sun4/share/f': { owner: 'tex', size: 10_000 },
      'local/next/lib/f': { owner: 'tex', size: 20_000 },
      'local/lib/gcc/config/deep/sun3/f': { owner: 'tex', size: 30_000 },
    });
    const columns = (...words: readonly string[]): Record<string, number> => {
      const { owners } = report([...master.etc, ...words]).usage;
      const { architectures } = rowOf(owners, 'tex');
      return Object.fromEntries(architectures.map((each) => [each.architecture, each.total]));
    };
    const size = (path: string): number => statSync(master.at(path)).blocks * 512;
    const deep = size('local/lib/gcc/config/deep/sun3/f');
    const next = size('local/next/lib/f');
    const sun4 = size('local/sun4/share/f');
    expect(columns(master.at('local'))).toEqual({ sun4, share: next + deep });
    expect(columns(master.at('local'), '--arch', 'next')).toEqual({ sun4, next, share: deep });
    expect(columns(master.at('local/sun4/share'))).toEqual({ sun4 });
    expect(columns(master.at('local/lib/gcc/config/deep/sun3'))).toEqual({ sun3: deep });
    // what is exported is looked at as closely as a tree
    const exported = ['--export', master.at('local/lib/gcc/config')];
    expect(columns(master.at('local'), ...exported)).toEqual({ sun4, share: next, sun3: deep });
  });
});

describe('the table', () => {
  test('has the form of 1991', () => {
    const master = freshMaster();
    master.plant({
      'export/share/fmt': { owner: 'tex', size: 2 << 20 },
      'export/sun4/bin': { owner: 'x11', size: 1 << 20 },
      'home/x11': { owner: 'x11', size: 12 << 20 },
      'obj/sun4/x.o': { owner: 'x11', size: 3 << 20 },
      'home/jane': { owner: 'jane', size: 1 << 20 },
    });
    const words = ['--export', master.at('export'), master.at('home'), master.at('obj')];
    const { stdout, status } = lfck([...master.etc, '--accept', 'root', ...words]);
    expect(stdout.split('\n\n')[0]).toBe(
      [
        'Package  |      share |      sun4 | Total MB',
        '-------- | ---------- | --------- | --------',
        'x11      | 12.0       | 3.0 (1.0) |     16.0',
        'tex      |  0.0 (2.0) | 0.0       |      2.0',
        'jane *   |  1.0       | 0.0       |      1.0',
        'root *   |  0.0 (0.0) | 0.0 (0.0) |      0.0',
        '-------- | ---------- | --------- | --------',
        'Total MB | 13.0 (2.0) | 3.0 (1.0) |     19.0',
      ].join('\n'),
    );
    expect(status).toBe(1);
  });

  test('has no brackets where nothing is exported, and no stars where nobody is a package', () => {
    const master = freshMaster('');
    master.plant({ 'home/f': { owner: 'jane', size: 1 << 20 } });
    const { stdout, stderr, status } = lfck([...master.etc, master.at('home')]);
    expect(stdout).toMatch(/^jane {5}\| {3}1\.0 \| {6}1\.0$/m);
    expect(stdout).not.toMatch(/[(*]/);
    expect(stderr).toContain('no account is a package here');
    expect(status).toBe(0);
  });

  test('is cut where a terminal is too narrow', () => {
    const master = freshMaster();
    for (const each of ['sun3', 'sun4', 'hp300', 'hp800', 'linux-x86_64']) {
      master.plant({ [`export/${each}/f`]: { owner: 'tex', size: 1 << 20 } });
    }
    const command = `stty cols 44; '${process.execPath}' '${LFCK}' --usage --export ${master.at('export')} ${master.etc.join(' ')}`;
    const text = execFileSync('script', ['-qec', command, '/dev/null'], {
      encoding: 'utf8',
      input: '',
      env: { ...process.env, XH_ROOT: '', NO_COLOR: '1' },
    });
    const lines = text.split('\r\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(44);
    expect(lines.filter((line) => line.startsWith('Package '))).toHaveLength(4);
    for (const each of ['share', 'hp300', 'hp800', 'linux-x86_64', 'sun3', 'sun4']) {
      expect(lines.filter((line) => line.split(/ +/).includes(each))).toHaveLength(1);
    }
  });
});

describe('trees that resist', () => {
  test('names of any bytes, and paths longer than the system takes', () => {
    const master = freshMaster();
    master.plant({ 'home/tex': { owner: 'tex', directory: true } });
    const python = `
import os, sys
os.chdir(sys.argv[1].encode())
open(b'\\xff\\xfe\\n\\x1b[31m', 'wb').write(b'x' * 5000)
os.chown(b'\\xff\\xfe\\n\\x1b[31m', ${UID.jane}, 0)
for i in range(40):
    os.mkdir(b'd' * 250); os.chown(b'd' * 250, ${UID.tex}, 0); os.chdir(b'd' * 250)
open(b'deep', 'wb').write(b'x' * 50000); os.chown(b'deep', ${UID.jane}, 0)
`;
    execFileSync('python3', ['-c', python, master.at('home/tex')]);
    execFileSync('sync', ['-f', master.path]);
    try {
      const { usage, suspects } = report([...master.etc, master.at('home/tex')]);
      const du = execFileSync('du', ['-s', '-B512', master.at('home/tex')], { encoding: 'utf8' });
      expect(usage.totals.total).toBe(Number(du.split('\t')[0]) * 512);
      expect(suspects?.map(({ suspected }) => suspected?.owner)).toEqual(['tex', 'tex']);
      const { stdout } = lfck([...master.etc, master.at('home/tex')]);
      expect(stdout).toContain('\\xff\\xfe\\n\\e[31m\n');
      const fixed = lfck([...master.etc, '--fix', '--yes', master.at('home/tex')]);
      expect(fixed).toMatchObject({ status: 0, stderr: 'lfck: 2 objects given to packages\n' });
    } finally {
      // Node cannot remove such a path
      execFileSync('rm', ['-rf', master.at('home')]);
      rmSync(master.at('home'), { recursive: true, force: true });
    }
  });
});

const OWNERS = fc.integer({ min: 1, max: 3 });
const STANDING = fc.record({
  architecture: fc.constantFrom(undefined, bytes('share'), bytes('sun3'), bytes('sun4')),
  exported: fc.boolean(),
});

describe('counting', () => {
  test('gives the same sums in whatever order names are met', () => {
    const objects = fc.array(
      fc.record({
        uid: OWNERS,
        blocks: fc.nat(100),
        names: fc.array(STANDING, { minLength: 1, maxLength: 3 }),
      }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(objects, fc.infiniteStream(fc.nat()), (all, random) => {
        const sightings = all.flatMap(({ uid, blocks, names }, inode) =>
          names.map((standing) => ({ stat: statOf(uid, blocks, names.length, inode), standing })),
        );
        const shuffled = sightings
          .map((sighting) => ({ sighting, key: random.next().value as number }))
          .toSorted((one, other) => one.key - other.key)
          .map(({ sighting }) => sighting);
        const counter = createUsageCounter();
        for (const { stat, standing } of shuffled) counter.count(stat, standingOf(standing));
        const { totals, owners } = counter.result();
        const size = (some: typeof all): number =>
          some.reduce((blocks, object) => blocks + object.blocks * 512, 0);
        expect(sum(totals)).toBe(size(all));
        expect(totals.objects).toBe(all.length);
        // exported as soon as one name is
        const isExported = (object: (typeof all)[number]): boolean =>
          object.names.some(({ exported }) => exported);
        expect(totals.exported).toBe(size(all.filter(isExported)));
        for (const row of owners) {
          expect(sum(row)).toBe(size(all.filter(({ uid }) => uid === row.uid)));
          expect(row.objects).toBe(all.filter(({ uid }) => uid === row.uid).length);
        }
      }),
    );
  });
});

function statOf(uid: number, blocks: number, links: number, inode: number): ObjectStat {
  const time = { seconds: 0, nanoseconds: 0 };
  const [type, device] = ['f', 1n] as const;
  const common = { type, device, mode: 0o644, gid: 0, size: 0, major: 0, minor: 0 };
  const times = { mtime: time, atime: time, ctime: time };
  return { ...common, ...times, uid, links, blocks, inode: BigInt(inode) };
}

function standingOf(some: { architecture: Bytes | undefined; exported: boolean }): Standing {
  return { ...some, levels: 0, claim: undefined };
}

function rowOf(rows: readonly Row[], owner: string): Row {
  const row = rows.find((each) => each.owner === owner);
  if (row === undefined) throw new Error(`${owner} has no row`);
  return row;
}
