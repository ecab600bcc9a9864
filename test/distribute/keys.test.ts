/** Keys of a host, and changes of whom a store believes. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { b, bytes } from '../../src/bytes/bytes.ts';
import { knownKeys, makeKey, publicKeyNamed, signingKeyNamed } from '../../src/distribute/keys.ts';
import { generateKey, keyId } from '../../src/distribute/store/signed.ts';
import { acceptTrust, trustText } from '../../src/distribute/store/trust.ts';
import {
  delegated,
  renewed,
  revoked,
  withSiteKey,
} from '../../src/distribute/store/trust-changes.ts';
import { freshSite } from '../site.ts';

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as { readonly code: string }).code;
  }
}

test('a key is for its owner alone, is never overwritten, and is found by its name', () => {
  const site = freshSite();
  const root = site.path;
  const made = makeKey(site, b`site`);
  const file = join(root, 'etc/xhier/keys/site.key');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(root, 'etc/xhier/keys/site.pub'), 'utf8')).toBe(`${made}\n`);
  expect(codeOf(() => makeKey(site, b`site`))).toBe('E_KEY_EXISTS');
  expect(signingKeyNamed(site, b`site`).public).toBe(made);
  expect(publicKeyNamed(site, b`site`)).toBe(made);
  expect(publicKeyNamed(site, bytes(made))).toBe(made);
  const locked = makeKey(site, b`gnu`, 'sesame');
  expect(codeOf(() => signingKeyNamed(site, b`gnu`))).toBe('E_KEY');
  expect(signingKeyNamed(site, b`gnu`, 'sesame').public).toBe(locked);
  expect(knownKeys(site).map(({ name }) => name)).toEqual(['gnu', 'site']);
});

test('names of keys that are none, unknown or damaged keys are refused with what to do', () => {
  const site = freshSite();
  const root = site.path;
  for (const name of [b`../x`, b``, b`a/b`, b`.hidden`]) {
    expect(codeOf(() => makeKey(site, name))).toBe('E_KEY_NAME');
  }
  expect(codeOf(() => signingKeyNamed(site, b`nobody`))).toBe('E_KEY_UNKNOWN');
  expect(codeOf(() => publicKeyNamed(site, b`nobody`))).toBe('E_KEY_UNKNOWN');
  makeKey(site, b`site`);
  writeFileSync(join(root, 'etc/xhier/keys/site.pub'), 'nonsense\n');
  expect(codeOf(() => knownKeys(site))).toBe('E_KEY');
});

test('the site lets publishers sign, takes that back, and changes its own key, record by record', () => {
  const times = { now: Date.parse('2026-11-22T00:00:00.000Z'), lifetime: 86_400_000 };
  const [one, two, gnu] = [generateKey().key, generateKey().key, generateKey().key];
  const publisher = {
    name: 'gnu',
    key: gnu.public,
    packages: [b`gcc*`],
    expires: '2027-01-01T00:00:00.000Z',
  };
  const first = renewed(undefined, one.public, times);
  const second = renewed(delegated(first, publisher), one.public, times);
  const third = renewed(withSiteKey(second, two.public), one.public, times);
  const fourth = renewed(revoked(third, one.id), two.public, times);
  const belief = { now: times.now, site: [one.public] };
  expect(acceptTrust(trustText(second, [one]), belief)).toEqual(second);
  expect(acceptTrust(trustText(third, [one]), { ...belief, version: 2 })).toEqual(third);
  // signed by the new one, which the third has made known
  const next = { now: times.now, site: third.site, version: 3 };
  expect(acceptTrust(trustText(fourth, [two]), next)).toMatchObject({
    version: 4,
    site: [two.public],
    revoked: [one.id],
  });
  expect(codeOf(() => revoked(fourth, two.id))).toBe('E_KEY_LAST');
  expect(codeOf(() => revoked(fourth, 'unknown'))).toBe('E_KEY_UNKNOWN');
  const without = revoked(fourth, keyId(gnu.public));
  expect(without.publishers).toEqual([]);
  expect(codeOf(() => delegated(without, publisher))).toBe('E_KEY_REVOKED');
  expect(codeOf(() => delegated(fourth, { ...publisher, packages: [b``] }))).toBe('E_USAGE');
});
