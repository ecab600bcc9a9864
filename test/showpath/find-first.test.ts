/** `findfirst=PATTERN`: one file, the shortest name of the first directory that has any. */
import { symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { b, bytes, concat, type Bytes } from '../../src/bytes/bytes.ts';
import { join } from '../../src/bytes/path.ts';
import { adminPath } from '../../src/site/site.ts';
import { makeCommand, makeDirectory, makeFile, makeHost, scratch } from './hosts.ts';
import { program, runScript, SCRIPT_SHELL_NAMES, SHOWPATH, showpath, word } from './shells.ts';

const host = makeHost();
const farm = adminPath(host, b`bins/bin`);
const vendor = host.vendor('usr/bin');
for (const name of ['vim', 'view', 'vimdiff', 'vic', 'sed', 'a b', 'a*c', "it's"]) {
  makeCommand(join(farm, bytes(name)));
}
for (const name of ['vi', 'sed', 'awk', '-n', 'odd\xff']) {
  makeCommand(join(vendor, name as Bytes));
}
makeFile(join(farm, b`awk`)); // not executable
makeDirectory(join(farm, b`va`));
symlinkSync('/nonexistent', join(farm, b`v`));
makeCommand(join(farm, b`v\n`));
makeCommand(join(farm, b`.hidden`));
makeFile(join(host.root, b`software/.admin/man/man1/ls.1`));
symlinkSync(join(vendor, b`vi`), join(farm, b`linked`));

describe.each(SCRIPT_SHELL_NAMES)('under %s', (shell) => {
  const find = (pattern: string | Bytes, ...more: readonly Bytes[]) =>
    showpath(shell, [b`--root`, host.root, b`findfirst=${pattern as Bytes}`, ...more], {
      cwd: vendor,
    });
  const expectFinds = (pattern: string | Bytes, file: Bytes, ...more: readonly Bytes[]) => {
    expect(find(pattern, ...more)).toEqual({ code: 0, out: concat(file, b`\n`), err: '' });
  };

  test('the shortest name of the first directory wins, then the alphabet', () => {
    expectFinds('vi*', join(farm, b`vic`));
    expectFinds('vi??', join(farm, b`view`));
    expectFinds('vi', join(vendor, b`vi`));
    expectFinds('sed', join(farm, b`sed`));
    expectFinds('v[i]*', join(farm, b`vic`));
  });

  test('only what can be run is a command', () => {
    expectFinds('awk', join(vendor, b`awk`));
    expectFinds('v*', join(farm, b`vic`));
    expectFinds('linked', join(farm, b`linked`));
  });

  test('the path asked for is the path searched', () => {
    expectFinds('vi*', join(vendor, b`vi`), vendor, b`standard`);
    expectFinds('vi*', join(farm, b`vic`), b`standard`, vendor);
    expectFinds('awk', join(vendor, b`awk`), b`standard*`);
  });

  test('nothing found is exit 1 and no output', () => {
    for (const pattern of ['nosuch*', 'nosuch', '', '*/*', '.h', 'v']) {
      expect(find(pattern)).toEqual({ code: 1, out: '', err: '' });
    }
    expect(find('vi', b`/nonexistent`)).toEqual({ code: 1, out: '', err: '' });
  });

  test('hidden files are found when they are asked for', () => {
    expectFinds('.h*', join(farm, b`.hidden`));
    expect(find('*hidden').code).toBe(1);
  });

  test('odd names and patterns are neither split nor expanded', () => {
    expectFinds('a b', join(farm, b`a b`));
    expectFinds('a[*]c', join(farm, b`a*c`));
    expectFinds("it's", join(farm, b`it's`));
    expectFinds('-n', join(vendor, b`-n`));
    expectFinds('odd?', join(vendor, 'odd\xff' as Bytes));
    expect(find('$HOME').code).toBe(1);
    expect(find('`echo vi`').code).toBe(1);
    expect(find('{vi,vim}').code).toBe(1);
  });

  test('in other classes any file counts', () => {
    expectFinds('man1/ls*', join(host.root, b`software/.admin/man/man1/ls.1`), b`class=man`);
  });

  test('as an assignment it wants the name of a variable', () => {
    const set = find('vi*', b`-f`, b`csh`, b`-v`, b`EDITOR`);
    expect(set).toEqual({ code: 0, out: `setenv EDITOR '${farm}/vic';\n`, err: '' });
    expect(find('vi*', b`-f`, b`csh`)).toMatchObject({ code: 2, out: '' });
    expect(find('nosuch', b`-v`, b`EDITOR`)).toEqual({ code: 1, out: '', err: '' });
  });
});

test('as in a .cshrc', () => {
  const rc = b`setenv EDITOR \`${word(SHOWPATH)} --root ${host.root} 'findfirst=vi*'\`\necho $EDITOR\n`;
  const ran = runScript([program('csh'), '-f'], rc, { cwd: makeDirectory(join(scratch(), b`x`)) });
  expect(ran).toEqual({ code: 0, out: `${farm}/vic\n`, err: '' });
});
