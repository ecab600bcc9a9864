/** The script that makes a depot of real packages: with a list of one's own, again, and with mistakes. */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { debianPackages } from '../debian.ts';
import { temporaryDirectory } from '../site.ts';

const SCRIPT = join(import.meta.dirname, '../../scripts/make-depot.mjs');

function makeDepot(...words: readonly string[]): ReturnType<typeof run> {
  return run(process.execPath, [SCRIPT, ...words]);
}

function run(
  command: string,
  words: readonly string[],
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  return spawnSync(command, words, { encoding: 'utf8' });
}

/** A directory with a list of packages, and what follows of it. */
function listed(...lines: readonly string[]): readonly [root: string, list: string] {
  const directory = temporaryDirectory('depot');
  const list = join(directory, 'list');
  writeFileSync(list, lines.map((line) => `${line}\n`).join(''));
  return [join(directory, 'site'), list];
}

test('packages of a list are made: versions, other names, fragments, an order among rivals', () => {
  debianPackages(['nvi', 'ed', 'levee', 'lua5.1', 'lua5.4', 'plocate', 'liburing2']);
  const [root, list] = listed(
    '# editors',
    'ed # the old one',
    'nvi',
    'levee',
    'lua5.1 as lua',
    'lua5.4 as lua',
    'plocate',
    'liburing2',
  );
  const made = makeDepot(root, '--packages', list, '--offline');
  expect(made.stderr).toContain('7 packages, 7 of them new');
  expect(made.stdout).toMatch(/^ +lua-5\.1\S* +5\.1\S* \(not current\)/m);
  const software = join(root, 'software');
  expect(readlinkSync(join(software, 'lua'))).toMatch(/^lua-5\.4/);
  // what update-alternatives would have done
  expect(readlinkSync(join(software, 'nvi/bin/vi'))).toBe('nvi');
  expect(readlinkSync(join(software, 'ed/man/man1/editor.1.gz'))).toBe('ed.1.gz');
  const options = (name: string): string =>
    readFileSync(join(software, name, '.admin/Options'), 'utf8');
  expect(options('nvi')).toMatch(/^priority = 60$/m);
  expect(options('ed')).not.toMatch(/^priority/m);
  // whichever is taken out, there is a next one
  expect(options('levee')).toMatch(/^priority = 49$/m);
  expect(readFileSync(join(software, 'plocate/export/crontab'), 'utf8')).toBe(
    '25 6 * * * /software/plocate/etc/cron.daily/plocate\n',
  );
  expect(readFileSync(join(software, 'plocate/etc/cron.daily/plocate'), 'utf8')).toContain(
    '\nUPDATEDB=/software/plocate/maintenance/updatedb.plocate\n',
  );
  const at = lstatSync(join(software, 'ed/.admin/Options')).mtimeMs;
  const again = makeDepot(root, '--packages', list, '--offline');
  expect(again.stderr).toContain('7 packages, none of them new');
  expect(lstatSync(join(software, 'ed/.admin/Options')).mtimeMs).toBe(at);
});

test.each([
  ['a line of too many words', ['a b c'], /'a b c' is neither NAME nor NAME as OTHER/, 2],
  ['a package that was never fetched', ['no-such-package'], /nothing is to be fetched: no-such/, 1],
])('%s is refused before anything is made', (_, lines, says, status) => {
  const [root, list] = listed(...lines);
  const ran = makeDepot(root, '--packages', list, '--offline');
  expect(ran.status).toBe(status);
  expect(ran.stderr).toMatch(says);
  expect(existsSync(join(root, 'software'))).toBe(false);
});

test('says how it is used', () => {
  expect(makeDepot().status).toBe(2);
  expect(makeDepot('--bogus', 'x')).toMatchObject({ status: 2, stdout: '' });
  expect(makeDepot('--help')).toMatchObject({ status: 0 });
});
