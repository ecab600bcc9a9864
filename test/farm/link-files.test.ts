/** `xh symlinks` and `xh autolink`, as the papers of 1991 and 1998 have them. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { b, bytes } from '../../src/bytes/bytes.ts';
import { planAutolink, planSymlinks, USER_DIRECTORY } from '../../src/depot/link-files.ts';
import { readAutolink } from '../../src/farm/autolink.ts';
import { readSymlinks, type HostNames } from '../../src/farm/symlinks.ts';
import type { Plan } from '../../src/host/plan.ts';
import type { Site } from '../../src/site/site.ts';
import { change } from '../depot/operations.ts';
import { snapshot } from '../e2e/xh.ts';
import { freshSite } from '../site.ts';

const PAPER = `/hwdesign /n/talos/development /hwdesign
`;
/** The example of the 1991 paper. */
const ENG = `
/eng /n/barsoom/devl/eng UMIPS-BSD
/eng /n/trantor/eng-dir/eng trantor
/eng /n/tazenda/data5/eng
fred /homedirs/fred barsoom
fred /n/aurora/homedirs/fred
`;

function host(name: string, system = 'Linux'): HostNames {
  return { hosts: [name, name.split('.')[0] ?? name], architecture: 'linux-x86_64', system };
}

function chosen(content: string, names: HostNames): Record<string, string> {
  const read = readSymlinks(b`/f`, bytes(content), { host: names, userDirectory: USER_DIRECTORY });
  expect(read.diagnostics).toEqual([]);
  return Object.fromEntries(read.value.map(({ path, target }) => [path, target]));
}

describe('which line of a link database counts', () => {
  test.each([
    [
      'the default on any host',
      host('anacreon'),
      '/n/tazenda/data5/eng',
      '/n/aurora/homedirs/fred',
    ],
    ["the host's own line", host('trantor'), '/n/trantor/eng-dir/eng', '/n/aurora/homedirs/fred'],
    ['by its name without a domain', host('trantor.example.org'), '/n/trantor/eng-dir/eng', ''],
    ['that of its system', host('x', 'UMIPS-BSD'), '/n/barsoom/devl/eng', ''],
    ['the host before the system', host('trantor', 'UMIPS-BSD'), '/n/trantor/eng-dir/eng', ''],
    ['a home of its own', host('barsoom'), '/n/tazenda/data5/eng', '/homedirs/fred'],
  ])('%s', (_, names, eng, fred) => {
    const links = chosen(ENG, names);
    expect(links['/eng']).toBe(eng);
    if (fred !== '') expect(links['/user/fred']).toBe(fred);
  });

  test('the order of the lines does not matter', () => {
    const lines = ENG.trim().split('\n');
    fc.assert(
      fc.property(fc.shuffledSubarray(lines, { minLength: lines.length }), (shuffled) => {
        expect(chosen(shuffled.join('\n'), host('trantor'))).toEqual(chosen(ENG, host('trantor')));
      }),
    );
  });

  test.each([
    ['/a', 'E_LINK_SYNTAX', 1, 1],
    [PAPER, undefined, 0, 0],
    ['# all\n/a /b c d', 'E_LINK_SYNTAX', 2, 9],
    ['/a /b\n/a /c', 'E_LINK_TWICE', 2, 1],
    ['../etc/x /b', 'E_LINK_PLACE', 1, 1],
    ['/ /b', 'E_LINK_PLACE', 1, 1],
    ['/software/x /b', 'E_LINK_PLACE', 1, 1],
    ['/a/../.software/x /b', 'E_LINK_PLACE', 1, 1],
  ])('%j: %s', (content, code, line, column) => {
    const { diagnostics } = readSymlinks(b`/f`, bytes(content), {
      host: host('h'),
      userDirectory: USER_DIRECTORY,
    });
    expect(diagnostics.map((each) => [each.code, each.line, each.column])).toEqual(
      code === undefined ? [] : [[code, line, column]],
    );
  });

  test('any text is read, or told to be wrong', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const content = bytes(text);
        const options = { host: host('h'), userDirectory: USER_DIRECTORY };
        for (const { path } of readSymlinks(b`/f`, content, options).value) {
          expect(path.startsWith('/')).toBe(true);
          expect(path).not.toMatch(/\/\.\.?(?:\/|$)|^\/\.?software(?:\/|$)/);
        }
        readAutolink(b`/f`, content, {});
      }),
    );
  });
});

function symlinks(site: Site, file: string, names = host('anacreon')): Promise<Plan> {
  return change(site, (on, config) =>
    planSymlinks(on, config, bytes(file), { userDirectory: USER_DIRECTORY, host: names }),
  );
}

function autolink(
  site: Site,
  file: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Plan> {
  return change(site, (on, config) => planAutolink(on, config, bytes(file), environment));
}

describe('a link database on a host', () => {
  test('is made, follows the file, and goes with it, directories and all', async () => {
    const site = freshSite();
    const file = join(site.path, 'etc/symlinks');
    const before = snapshot(site.path);
    writeFileSync(file, ENG);
    const plan = await symlinks(site, file);
    expect(plan.notes.join()).toContain('there is no account fred');
    // under the site root, like all that the system writes
    expect(readlinkSync(join(site.path, 'eng'))).toBe(join(site.path, 'n/tazenda/data5/eng'));
    expect(readlinkSync(join(site.path, 'user/fred'))).toBe(
      join(site.path, 'n/aurora/homedirs/fred'),
    );
    expect((await symlinks(site, file)).changes).toEqual([]);
    await symlinks(site, file, host('trantor'));
    expect(readlinkSync(join(site.path, 'eng'))).toBe(join(site.path, 'n/trantor/eng-dir/eng'));
    writeFileSync(file, '');
    await symlinks(site, file);
    rmSync(file);
    const left = new Map([...snapshot(site.path)].filter(([path]) => !/^\.?software/.test(path)));
    expect(left).toEqual(before);
    expect(existsSync(join(site.path, '.software/local/.admin/links.json'))).toBe(false);
  });

  test('what people made is in the way, or stays when it took the place of a link', async () => {
    const site = freshSite();
    const file = join(site.path, 'etc/symlinks');
    writeFileSync(file, '/a x\n/b y\n');
    writeFileSync(join(site.path, 'a'), 'mine\n');
    const refused = await symlinks(site, file);
    expect(refused.conflicts.map(({ code }) => code)).toEqual(['E_FARM_FOREIGN']);
    expect(refused.conflicts[0]?.remedy).toContain('take its line out of');
    rmSync(join(site.path, 'a'));
    // the very link that is wanted is nobody's loss
    symlinkSync('x', join(site.path, 'a'));
    expect((await symlinks(site, file)).conflicts).toEqual([]);
    rmSync(join(site.path, 'b'));
    symlinkSync('elsewhere', join(site.path, 'b'));
    writeFileSync(file, '');
    expect((await symlinks(site, file)).notes.join()).toContain('/b is no more what was made');
    expect(readlinkSync(join(site.path, 'b'))).toBe('elsewhere');
    expect(existsSync(join(site.path, 'a'))).toBe(false);
  });

  test('two files that want one link, and a link on the way to another', async () => {
    const site = freshSite();
    for (const [name, text] of Object.entries({
      one: '/a x\n',
      two: '/a y\n',
      way: '/w x\n/w/l y\n',
    })) {
      writeFileSync(join(site.path, 'etc', name), text);
    }
    await symlinks(site, join(site.path, 'etc/one'));
    const two = await symlinks(site, join(site.path, 'etc/two'));
    expect(two.conflicts.map(({ code }) => code)).toEqual(['E_LINK_TAKEN']);
    expect(readlinkSync(join(site.path, 'a'))).toBe('x');
    const way = await symlinks(site, join(site.path, 'etc/way'));
    expect(way.conflicts.map(({ code }) => code)).toEqual(['E_FARM_OBSTACLE']);
  });
});

describe('layered farms', () => {
  function layers(site: Site & { readonly path: string }): string {
    for (const path of [
      'remote/apps/CAD',
      'remote/apps/TeX',
      'remote/apps/pub/x',
      'local/apps/CAD',
    ]) {
      mkdirSync(join(site.path, path), { recursive: true });
    }
    const file = join(site.path, 'etc/autolink');
    writeFileSync(
      file,
      '# create         from\n/apps /remote/apps\n/apps /local/apps\n/apps/pub /remote/apps/pub\n/prd/sw /net/${HOMESERVER}/sw\n',
    );
    return file;
  }

  test('the listings of the paper: the local CAD, the TeX of the server, pub a directory', async () => {
    const site = freshSite();
    const file = layers(site);
    const plan = await autolink(site, file, { HOMESERVER: 'gold' });
    expect(plan.conflicts).toEqual([]);
    expect(plan.notes).toEqual(['/net/gold/sw is not there: nothing is linked from it']);
    const apps = join(site.path, 'apps');
    expect(readlinkSync(join(apps, 'CAD'))).toBe(join(site.path, 'local/apps/CAD'));
    expect(readlinkSync(join(apps, 'TeX'))).toBe(join(site.path, 'remote/apps/TeX'));
    expect(readdirSync(join(apps, 'pub'))).toEqual(['x']);
    expect((await autolink(site, file, { HOMESERVER: 'gold' })).changes).toEqual([]);
    rmSync(join(site.path, 'local/apps/CAD'), { recursive: true });
    await autolink(site, file, { HOMESERVER: 'gold' });
    expect(readlinkSync(join(apps, 'CAD'))).toBe(join(site.path, 'remote/apps/CAD'));
    writeFileSync(file, '');
    await autolink(site, file);
    expect(existsSync(apps)).toBe(false);
    expect(readFileSync(file, 'utf8')).toBe('');
  });

  test('a variable that is not set is told where it stands, and nothing is done', () => {
    const read = readAutolink(b`/f`, bytes('/a /b\n/prd  /net/${HOE}x\n'), {});
    expect(read.diagnostics).toMatchObject([{ code: 'E_LINK_VARIABLE', line: 2, column: 7 }]);
    const relative = readAutolink(b`/f`, bytes('/a ${HOE}\n'), { HOE: 'x' });
    expect(relative.diagnostics).toMatchObject([{ code: 'E_LINK_PLACE', line: 1, column: 4 }]);
  });
});
