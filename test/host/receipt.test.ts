/** Receipts that somebody has been at. */
import { expect, test } from 'vitest';
import { b, bytes } from '../../src/bytes/bytes.ts';
import { parseReceipt } from '../../src/host/receipt.ts';

const RECEIPT = {
  format: 1,
  package: 'foo-1.0',
  name: 'foo',
  architecture: 'linux-x86_64',
  time: '2026-11-22T00:00:00.000Z',
  user: 'root',
  current: true,
  files: [{ path: '/.software/share/foo', type: 'directory', mode: 493, uid: 0, gid: 0, size: 0 }],
  fragments: [],
  links: [{ class: 'lib', path: '/usr/local/lib/x', target: '/software/foo/lib/x' }],
};
const FILE = b`/.software/local/.admin/receipts/foo-1.0.json`;

test('a receipt is read as it was written', () => {
  expect(parseReceipt(FILE, bytes(JSON.stringify(RECEIPT)))).toEqual(RECEIPT);
});

test.each([
  ['all but its format', { format: 1 }],
  ['the name', { ...RECEIPT, name: undefined }],
  ['whether it is current', { ...RECEIPT, current: 'yes' }],
  ['the files', { ...RECEIPT, files: undefined }],
  ['the path of a file', { ...RECEIPT, files: [{ type: 'file' }] }],
  ['the target of a link', { ...RECEIPT, links: [{ class: 'lib', path: '/usr/local/lib/x' }] }],
  ['a list of links', { ...RECEIPT, links: { path: '/x' } }],
])('one that lacks %s is damaged, and says where it is', (_, record) => {
  expect(() => parseReceipt(FILE, bytes(JSON.stringify(record)))).toThrow(
    expect.objectContaining({ code: 'E_RECORD', place: { file: FILE } }),
  );
});
