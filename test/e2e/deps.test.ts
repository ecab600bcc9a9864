/** `xh deps`: what packages need, and who needs them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makePackage } from '../depot/packages.ts';
import { freshSite } from '../site.ts';
import { xh, xhDone } from './xh.ts';

function pack(root: string, directory: string, version: string, ...needs: readonly string[]): void {
  makePackage(root, directory, {
    '.admin/Options': `version = ${version}\n`,
    ...(needs.length > 0 && { '.admin/Dependencies': `${needs.join('\n')}\n` }),
  });
}

/** app → lib, tls; lib → zlib; tls → zlib, and things of the host. */
function someDepot(): string {
  const { path: root } = freshSite();
  pack(root, 'app', '2.0', 'lib >=1.2', 'tls', '?docs', 'system:no-such-thing >=9');
  pack(root, 'lib', '1.4', 'zlib', 'system:sh');
  pack(root, 'tls', '3.0', 'zlib >=1.2');
  pack(root, 'zlib-1.1', '1.1');
  pack(root, 'zlib-1.3', '1.3');
  return root;
}

describe('what a package needs', () => {
  test('is all of it, with what an install would take, who wants it, and what the host has', () => {
    const root = someDepot();
    expect(xhDone(root, 'deps', 'app').stdout).toBe(`app 2.0
  lib >=1.2                 lib 1.4
  tls                       tls 3.0
  ?docs                     not in the depot, and not required
  system:no-such-thing >=9  not found on the host
  zlib                      zlib-1.3                            for lib
  system:sh                 on the host                         for lib
  zlib >=1.2                zlib-1.3                            for tls
`);
    expect(xhDone(root, 'deps', 'zlib').stdout).toBe('zlib-1.3\n  needs nothing\n');
  });

  test('drawn as a tree, each branch once', () => {
    const root = someDepot();
    pack(root, 'zlib-1.3', '1.3', 'deep');
    pack(root, 'deep', '1');
    expect(xhDone(root, 'deps', 'app', '--tree').stdout).toBe(`app 2.0
├─ lib >=1.2 → lib 1.4
│  ├─ zlib → zlib-1.3
│  │  └─ deep 1
│  └─ system:sh: on the host
├─ tls 3.0
│  └─ zlib >=1.2 → zlib-1.3 (*)
├─ ?docs: not in the depot, and not required
└─ system:no-such-thing >=9: not found on the host
`);
  });

  test('for a program: packages, requirements, states', () => {
    const graph = JSON.parse(xhDone(someDepot(), 'deps', 'app', '--json').stdout) as {
      roots: string[];
      packages: { package: string; needs: { requirement: string; state: string; by?: string }[] }[];
      cycles: string[][];
    };
    expect(graph.roots).toEqual(['app']);
    expect(graph.packages.map((each) => each.package)).toEqual(['app', 'lib', 'tls', 'zlib-1.3']);
    expect(
      graph.packages[0]?.needs.map(({ requirement, state, by }) => [requirement, state, by]),
    ).toEqual([
      ['lib >=1.2', 'package', 'lib'],
      ['tls', 'package', 'tls'],
      ['?docs', 'absent', undefined],
      ['system:no-such-thing >=9', 'not on the host', undefined],
    ]);
    expect(graph.cycles).toEqual([]);
  });

  test('is what an install takes in', () => {
    const root = someDepot();
    const graph = JSON.parse(xhDone(root, 'deps', 'app', '--json').stdout) as {
      packages: { package: string }[];
    };
    xhDone(root, 'install', 'app');
    const installed = JSON.parse(xhDone(root, 'list', '--installed', '--json').stdout) as {
      directory: string;
    }[];
    expect(installed.map(({ directory }) => directory).toSorted()).toEqual(
      graph.packages.map((each) => each.package).toSorted(),
    );
    expect(xhDone(root, 'deps', 'lib').stdout).toContain('lib 1.4 *');
  });
});

describe('what cannot be had', () => {
  test('is shown where it is needed, with exit 1', () => {
    const { path: root } = freshSite();
    pack(root, 'app', '1', 'library ^2', 'librray');
    pack(root, 'library', '1.0');
    for (const form of [[], ['--tree']]) {
      const ran = xh(root, 'deps', 'app', ...form);
      expect(ran.status).toBe(1);
      expect(ran.stdout).toMatch(/library \^2:? +no version fits: there is 1\.0/);
      expect(ran.stdout).toMatch(/librray:? +missing: did you mean 'library'\?/);
    }
    expect(xh(root, 'install', 'app').status).toBe(1);
  });

  test('a circle is drawn, named, and exit 1; not so when one of its dependencies is optional', () => {
    const { path: root } = freshSite();
    pack(root, 'one', '1', 'two');
    pack(root, 'two', '1', 'three');
    pack(root, 'three', '1', 'one');
    const ran = xh(root, 'deps', 'one', '--tree');
    expect(ran.status).toBe(1);
    expect(ran.stdout).toBe('one 1\n└─ two 1\n   └─ three 1\n      └─ one 1 (circle)\n');
    expect(ran.stderr).toContain('packages need each other: one → two → three → one');
    writeFileSync(join(root, 'software/three/.admin/Dependencies'), '?one\n');
    expect(xhDone(root, 'deps', 'one', '--tree').stdout).toContain('?one → one 1 (*)');
  });

  test('a package whose Dependencies cannot be read is told of, and so is all the rest', () => {
    const { path: root } = freshSite();
    pack(root, 'app', '1', 'bad', 'good');
    pack(root, 'bad', '1', 'not a range at all');
    pack(root, 'good', '1');
    const ran = xh(root, 'deps', 'app');
    expect(ran.status).toBe(1);
    expect(ran.stdout).toMatch(/good +good 1/);
    expect(ran.stdout.split('\n').length).toBeGreaterThan(4);
  });

  test('a package that is not there is an error with the nearest one', () => {
    const ran = xh(someDepot(), 'deps', 'tsl');
    expect([ran.status, ran.stdout]).toEqual([1, '']);
    expect(ran.stderr).toContain("did you mean 'tls'?");
  });
});

describe('who needs it', () => {
  test('directly and through others, by the ranges', () => {
    const root = someDepot();
    expect(xhDone(root, 'deps', '--reverse', 'zlib').stdout).toBe(`zlib-1.3
├─ lib 1.4
│  └─ app 2.0 (lib >=1.2)
└─ tls 3.0 (zlib >=1.2)
   └─ app 2.0
`);
    // too old for tls
    expect(xhDone(root, 'deps', '--reverse', 'zlib-1.1').stdout).not.toContain('tls');
    expect(xhDone(root, 'deps', '--reverse', 'app').stdout).toBe('app 2.0\n  needed by nobody\n');
  });

  test('also of the host’s things, and of what no package has yet', () => {
    const root = someDepot();
    expect(xhDone(root, 'deps', '--reverse', 'system:sh').stdout).toContain('└─ lib 1.4');
    expect(xhDone(root, 'deps', '--reverse', 'docs').stdout).toBe('docs\n└─ app 2.0 (?docs)\n');
    expect(xh(root, 'deps', '--reverse', 'nothing').status).toBe(1);
    const graph = JSON.parse(xhDone(root, 'deps', '--reverse', 'lib', '--json').stdout) as {
      packages: { package: string; neededBy: { package: string; requirement: string }[] }[];
    };
    expect(graph.packages[0]).toMatchObject({
      package: 'lib',
      neededBy: [{ package: 'app', requirement: 'lib >=1.2', optional: false }],
    });
  });

  test('in a circle ends', () => {
    const { path: root } = freshSite();
    pack(root, 'one', '1', 'two');
    pack(root, 'two', '1', 'one');
    expect(xhDone(root, 'deps', '--reverse', 'one').stdout).toBe(
      'one 1\n└─ two 1\n   └─ one 1 (*)\n',
    );
  });
});
