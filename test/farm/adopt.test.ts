/** `--adopt`: what people have put where a link belongs, the same as the package's file or not. */
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { planInstall } from '../../src/depot/install.ts';
import { planRollback } from '../../src/host/rollback.ts';
import { bytes } from '../../src/bytes/bytes.ts';
import type { Farm } from '../../src/farm/plan.ts';
import type { Plan } from '../../src/host/plan.ts';
import { readReceipt } from '../../src/host/receipt.ts';
import { visitHost } from '../../src/host/transaction.ts';
import type { Site } from '../../src/site/site.ts';
import { change, installed } from '../depot/operations.ts';
import { bins, command, makePackage, writeFiles } from '../depot/packages.ts';
import { snapshot } from '../e2e/xh.ts';
import { freshSite } from '../site.ts';

function adopting(site: Site, adopt: Farm['adopt']): Promise<Plan> {
  return change(
    site,
    (host, config) => planInstall(host, config, [{ name: bytes('tool') }], { adopt }).plan,
  );
}

/** A site with the package, and a file of a person's in the place of its command. */
function occupied(content: string): Site & { readonly path: string } {
  const site = freshSite();
  makePackage(site.path, 'tool', { 'bin/tool': command('tool'), 'bin/other': command('other') });
  mkdirSync(bins(site.path), { recursive: true });
  writeFileSync(bins(site.path, 'tool'), content);
  return site;
}

describe('a file that is the same', () => {
  test('is in the way unless it is asked to be adopted, and the remedy says how', async () => {
    const site = occupied(command('tool'));
    const plan = await installed(site, 'tool');
    expect(plan.conflicts.map(({ code }) => code)).toEqual(['E_FARM_FOREIGN']);
    expect(plan.conflicts[0]?.remedy).toContain('--adopt');
    expect(readFileSync(bins(site.path, 'tool'), 'utf8')).toBe(command('tool'));
  });

  test('gives way to the link, is told of, and comes back with a rollback', async () => {
    const site = occupied(command('tool'));
    const before = snapshot(site.path, '.software/local/.admin/bins');
    const plan = await adopting(site, 'same');
    expect(plan.conflicts).toEqual([]);
    expect(plan.notes.join('\n')).toContain('bins/bin/tool: the same file');
    expect(readlinkSync(bins(site.path, 'tool'))).toBe(join(site.path, 'software/tool/bin/tool'));
    await change(site, (host) => planRollback(host));
    expect(snapshot(site.path, '.software/local/.admin/bins')).toEqual(before);
    expect(readFileSync(bins(site.path, 'tool'), 'utf8')).toBe(command('tool'));
  });
});

describe('a file that differs', () => {
  test('is refused with both contents, and nothing is changed', async () => {
    const site = occupied('mine\n');
    const before = snapshot(site.path);
    const plan = await adopting(site, 'same');
    expect(plan.conflicts).toMatchObject([
      { code: 'E_FARM_ADOPT', difference: { from: command('tool'), to: 'mine\n' } },
    ]);
    expect(plan.conflicts[0]?.remedy).toContain('--adopt --yes');
    for (const [path, what] of before) expect(snapshot(site.path).get(path)).toBe(what);
  });

  test('when told so goes into the package, whose mode stays, and the receipt knows it', async () => {
    const site = occupied('mine\n');
    const plan = await adopting(site, 'changed');
    expect(plan.conflicts).toEqual([]);
    const file = join(site.path, 'software/tool/bin/tool');
    expect(readFileSync(file, 'utf8')).toBe('mine\n');
    expect(lstatSync(file).mode & 0o777).toBe(0o755);
    expect(readlinkSync(bins(site.path, 'tool'))).toBe(file);
    const receipt = visitHost(site, ({ walker }) => readReceipt(walker, bytes('tool')));
    const recorded = receipt?.files.find(({ path }) => path.endsWith('/bin/tool'));
    expect(recorded?.size).toBe(5);
    // it is what is installed now
    expect((await installed(site, 'tool')).changes).toEqual([]);
    await change(site, (host) => planRollback(host, 0));
    expect(readFileSync(file, 'utf8')).toBe(command('tool'));
    expect(readFileSync(bins(site.path, 'tool'), 'utf8')).toBe('mine\n');
  });
});

describe('what is no file', () => {
  test.each([
    ['a directory', (at: string): unknown => mkdirSync(at)],
    ['a link', (at: string): unknown => symlinkSync('/usr/bin/true', at)],
  ])('%s is never adopted', async (_, put) => {
    const site = freshSite();
    makePackage(site.path, 'tool', { 'bin/tool': command('tool') });
    mkdirSync(bins(site.path), { recursive: true });
    put(bins(site.path, 'tool'));
    const plan = await adopting(site, 'changed');
    expect(plan.conflicts.map(({ code }) => code)).toEqual(['E_FARM_FOREIGN']);
  });

  test("a file where another package's link wins is not adopted for the loser", async () => {
    const site = freshSite();
    writeFiles(site.path, { 'usr/include/x.h': 'mine\n' });
    makePackage(site.path, 'tool', { 'include/x.h': 'x\n' });
    makePackage(site.path, 'other', { '.admin/Options': 'priority = 90\n', 'include/x.h': 'y\n' });
    expect((await installed(site, 'other')).conflicts).toHaveLength(1);
    expect((await adopting(site, 'changed')).conflicts).toEqual([]);
    expect(readFileSync(join(site.path, 'software/tool/include/x.h'), 'utf8')).toBe('mine\n');
  });
});
