import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bytes, type Bytes } from '../../src/bytes/bytes.ts';
import { parseGroup, parsePasswd, readAccounts } from '../../src/site/accounts.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'accounts-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('accounts', () => {
  test('by name and by number, as the files have them', () => {
    writeFileSync(join(directory, 'passwd'), PASSWD);
    writeFileSync(join(directory, 'group'), 'staff:x:50:tex,vlsi\n#x:x:1:\n+\n');
    const accounts = readAccounts({ etc: bytes(directory) });
    expect(accounts.user(bytes('tex'))).toEqual({
      name: 'tex',
      uid: 101,
      gid: 50,
      home: '/software/tex',
      shell: '/bin/false',
    });
    expect(accounts.userById(101)?.name).toBe('tex');
    expect(accounts.user(bytes('nobody-here'))).toBeUndefined();
    expect(accounts.user(bytes('101'))).toBeUndefined();
    expect(accounts.group(bytes('staff'))).toEqual({
      name: 'staff',
      gid: 50,
      members: ['tex', 'vlsi'],
    });
    expect(accounts.groupById(50)?.name).toBe('staff');
    expect([...accounts.userNames()]).toEqual(['root', 'tex', 'tex2', bytes('café')]);
  });

  test('of two with one number the first counts', () => {
    writeFileSync(join(directory, 'passwd'), PASSWD);
    expect(readAccounts({ etc: bytes(directory) }).userById(101)?.name).toBe('tex');
  });

  test('lines that are no accounts are passed over', () => {
    expect(parsePasswd(bytes(PASSWD))).toHaveLength(4);
    expect(parsePasswd(bytes('a:x:-1:0::/:\nb:x:4294967295:0::/:\nc:x:1\n:x:1:1::/:\n'))).toEqual(
      [],
    );
    expect(parseGroup(bytes('a:x:one:\nb:x:1:\n'))).toEqual([{ name: 'b', gid: 1, members: [] }]);
  });

  test('missing files have nobody, and what cannot be read is told', () => {
    expect(readAccounts({ etc: bytes(join(directory, 'none')) }).userById(0)).toBeUndefined();
    mkdirSync(join(directory, 'passwd'));
    expect(() => readAccounts({ etc: bytes(directory) }).user(bytes('root'))).toThrow(
      `cannot read ${directory}/passwd: EISDIR`,
    );
  });

  test('the system is asked for names that the files lack', () => {
    const accounts = readAccounts({ etc: bytes(directory), getent: true });
    const { username, uid } = userInfo();
    expect(accounts.user(bytes(username))?.uid).toBe(uid);
    expect(accounts.userById(uid)?.name).toBe(username);
    expect(accounts.group(bytes('no-such-group'))).toBeUndefined();
    expect(accounts.user(bytes('--help'))).toBeUndefined();
    expect(accounts.user('caf\xe9' as Bytes)).toBeUndefined();
  });
});

const PASSWD = `root:x:0:0:root:/root:/bin/sh
# comment:x:1:1::/:
+@nis
tex:x:101:50:TeX:/software/tex:/bin/false
tex2:x:101:50:TeX again:/:/bin/false
café:x:102:50::/:
`;
