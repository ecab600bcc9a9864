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

const finds = (file: Bytes) => ({ code: 0, out: concat(file, b`\n`), err: '' });

describe.each(SCRIPT_SHELL_NAMES)('under %s', (shell) => {
  const find = (pattern: string | Bytes, ...more: readonly Bytes[]) =>
    showpath(shell, [b`--root`, host.root, b`findfirst=${pattern as Bytes}`, ...more], {
      cwd: vendor,
    });
  test('the shortest name of the first directory wins, then the alphabet', () => {
    expect(find('vi*')).toEqual(finds(join(farm, b`vic`)));
    expect(find('vi??')).toEqual(finds(join(farm, b`view`)));
    expect(find('vi')).toEqual(finds(join(vendor, b`vi`)));
    expect(find('sed')).toEqual(finds(join(farm, b`sed`)));
    expect(find('v[i]*')).toEqual(finds(join(farm, b`vic`)));
  });

  test('only what can be run is a command', () => {
    expect(find('awk')).toEqual(finds(join(vendor, b`awk`)));
    expect(find('v*')).toEqual(finds(join(farm, b`vic`)));
    expect(find('linked')).toEqual(finds(join(farm, b`linked`)));
  });

  test('the path asked for is the path searched', () => {
    expect(find('vi*', vendor, b`standard`)).toEqual(finds(join(vendor, b`vi`)));
    expect(find('vi*', b`standard`, vendor)).toEqual(finds(join(farm, b`vic`)));
    expect(find('awk', b`standard*`)).toEqual(finds(join(vendor, b`awk`)));
  });

  test('nothing found is exit 1 and no output', () => {
    for (const pattern of ['nosuch*', 'nosuch', '', '*/*', '.h', 'v']) {
      expect(find(pattern)).toEqual({ code: 1, out: '', err: '' });
    }
    expect(find('vi', b`/nonexistent`)).toEqual({ code: 1, out: '', err: '' });
  });

  test('hidden files are found when they are asked for', () => {
    expect(find('.h*')).toEqual(finds(join(farm, b`.hidden`)));
    expect(find('*hidden').code).toBe(1);
  });

  test('odd names and patterns are neither split nor expanded', () => {
    expect(find('a b')).toEqual(finds(join(farm, b`a b`)));
    expect(find('a[*]c')).toEqual(finds(join(farm, b`a*c`)));
    expect(find("it's")).toEqual(finds(join(farm, b`it's`)));
    expect(find('-n')).toEqual(finds(join(vendor, b`-n`)));
    expect(find('odd?')).toEqual(finds(join(vendor, 'odd\xff' as Bytes)));
    expect(find('$HOME').code).toBe(1);
    expect(find('`echo vi`').code).toBe(1);
    expect(find('{vi,vim}').code).toBe(1);
  });

  test('in other classes any file counts', () => {
    expect(find('man1/ls*', b`class=man`)).toEqual(
      finds(join(host.root, b`software/.admin/man/man1/ls.1`)),
    );
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
  const ran = runScript([program('bsd-csh'), '-f'], rc, {
    cwd: makeDirectory(join(scratch(), b`x`)),
  });
  expect(ran).toEqual({ code: 0, out: `${farm}/vic\n`, err: '' });
});
