/** What a host believes of a store, and what it does not. */
import { describe, expect, test } from 'vitest';
import { b, bytes, type Bytes } from '../../../src/bytes/bytes.ts';
import { targetOf, type Target } from '../../../src/package/targets.ts';
import { hashOf } from '../../../src/distribute/store/hash.ts';
import { headText, parseHead, type Head } from '../../../src/distribute/store/head.ts';
import {
  canonical,
  generateKey,
  keyId,
  readSigningKey,
  type SigningKey,
} from '../../../src/distribute/store/signed.ts';
import {
  acceptTrust,
  demandHead,
  trustText,
  type Trust,
} from '../../../src/distribute/store/trust.ts';

const NOW = Date.parse('2026-11-22T12:00:00.000Z');
const LATER = '2027-01-01T00:00:00.000Z';
const PAST = '2026-11-22T11:59:59.000Z';

const site = generateKey().key;
const nextSite = generateKey().key;
const gnu = generateKey().key;
const stranger = generateKey().key;

const trust: Trust = {
  version: 3,
  issued: '2026-11-01T00:00:00.000Z',
  expires: LATER,
  site: [site.public],
  publishers: [{ name: 'gnu', key: gnu.public, packages: [b`gcc*`, b`tree`], expires: LATER }],
  revoked: [],
};
const head: Head = {
  package: b`tree`,
  version: b`2.1`,
  revision: 41,
  published: '2026-11-20T00:00:00.000Z',
  expires: LATER,
  trees: new Map([
    [b`share`, hashOf(b`1`)],
    [b`arch/linux-x86_64`, hashOf(b`2`)],
  ]),
  packs: [{ pack: hashOf(b`3`), index: hashOf(b`4`) }],
  objects: 12,
  bytes: 3456,
};

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ remedy: expect.stringMatching(/./) as string });
    return (error as { readonly code: string }).code;
  }
}

describe('the record of trust', () => {
  const text = trustText(trust, [site]);
  const believe = (each: string, belief = {}): Trust =>
    acceptTrust(each, { site: [site.public], now: NOW, ...belief });

  test('is believed when a key of the site has signed it, as it was written', () => {
    expect(believe(text)).toEqual(trust);
    expect(believe(text, { version: 3 })).toEqual(trust);
  });

  test('of somebody else, changed, old or expired is not', () => {
    expect(codeOf(() => believe(trustText(trust, [stranger])))).toBe('E_TRUST_SIGNATURE');
    expect(codeOf(() => believe(text.replace('gcc*', 'bash')))).toBe('E_TRUST_SIGNATURE');
    expect(codeOf(() => believe(text, { version: 4 }))).toBe('E_TRUST_OLD');
    expect(codeOf(() => believe(trustText({ ...trust, expires: PAST }, [site])))).toBe(
      'E_TRUST_EXPIRED',
    );
    expect(codeOf(() => believe(text.slice(0, -9)))).toBe('E_STORE_RECORD');
  });

  test('leads from an old key of the site to a new one, and not back', () => {
    const moved = trustText({ ...trust, version: 4, site: [nextSite.public] }, [site, nextSite]);
    const known = believe(moved, { version: 3 });
    expect(codeOf(() => acceptTrust(text, { site: known.site, version: 4, now: NOW }))).toBe(
      'E_TRUST_SIGNATURE',
    );
    const third = trustText({ ...trust, version: 5, site: [nextSite.public] }, [nextSite]);
    expect(acceptTrust(third, { site: known.site, version: 4, now: NOW }).version).toBe(5);
  });
});

describe('the head of a package', () => {
  const believe = (
    text: string,
    { directory = b`tree`, ...belief }: { directory?: Bytes; seen?: number; trust?: Trust } = {},
  ): void => {
    demandHead(directory, parseHead(text), { trust, now: NOW, ...belief });
  };
  const signed = (changes: Partial<Head> = {}, keys: readonly SigningKey[] = [gnu]): string =>
    headText({ ...head, ...changes }, keys);

  test('comes back as it was written', () => {
    expect(parseHead(signed()).head).toEqual(head);
  });

  test('says for which hosts it is, and means nobody by what it does not understand', () => {
    const targets = [b`web*`, b`!web9`, b`arch:linux-*&.example.org`].map((word) => targetOf(word));
    if (targets.some((each) => each === undefined)) throw new Error('a target');
    const meant = { ...head, targets: targets as Target[] };
    const text = headText(meant, [gnu]);
    expect(parseHead(text).head).toEqual(meant);
    expect(() => {
      believe(text);
    }).not.toThrow();
    for (const word of ['"room:12"', '"a b"', '""', '7', 'null']) {
      const changed = text.replace('"!web9"', word);
      expect(codeOf(() => parseHead(changed))).toBe('E_STORE_HEAD');
    }
  });

  test.each<[string, () => void]>([
    ['at first', () => believe(signed())],
    ['again', () => believe(signed(), { seen: 41 })],
    ['by a glob', () => believe(signed({ package: b`gcc-14.2` }), { directory: b`gcc-14.2` })],
    ['with another signature beside it', () => believe(signed({}, [stranger, gnu]))],
  ])('is believed of the publisher whose package it is: %s', (_, work) => {
    expect(work).not.toThrow();
  });

  test.each<[string, string, () => void]>([
    ['signed by a stranger', 'E_HEAD_SIGNATURE', () => believe(signed({}, [stranger]))],
    ['signed by nobody', 'E_HEAD_SIGNATURE', () => believe(signed({}, []))],
    [
      'changed after it was signed',
      'E_HEAD_SIGNATURE',
      () => believe(signed().replace('"revision": 41', '"revision": 42')),
    ],
    [
      "with a stranger's signature under a publisher's name",
      'E_HEAD_SIGNATURE',
      () => believe(signed({}, [stranger]).replaceAll(stranger.id, gnu.id)),
    ],
    [
      'of a package that its publisher may not sign for',
      'E_HEAD_DELEGATION',
      () => believe(signed({ package: b`bash` }), { directory: b`bash` }),
    ],
    [
      'of another package under this name',
      'E_HEAD_PACKAGE',
      () => believe(signed({ package: b`gcc` })),
    ],
    ['older than one that was seen', 'E_HEAD_OLD', () => believe(signed(), { seen: 42 })],
    ['expired', 'E_HEAD_EXPIRED', () => believe(signed({ expires: PAST }))],
    [
      'of a key that was revoked',
      'E_HEAD_SIGNATURE',
      () => believe(signed(), { trust: { ...trust, revoked: [gnu.id] } }),
    ],
    [
      'of a publisher whose time is over',
      'E_HEAD_DELEGATION',
      () =>
        believe(signed(), {
          trust: { ...trust, publishers: trust.publishers.map((p) => ({ ...p, expires: PAST })) },
        }),
    ],
    ['cut off', 'E_STORE_RECORD', () => believe(signed().slice(0, 200))],
    ['without its trees', 'E_STORE_HEAD', () => believe(signed().replace('"trees"', '"threes"'))],
  ])('is refused when it is %s', (_, code, work) => {
    expect(codeOf(work)).toBe(code);
  });

  test('is not taken for a record of trust, whoever signed it', () => {
    const text = headText(head, [site]);
    expect(codeOf(() => acceptTrust(text, { site: [site.public], now: NOW }))).toBe(
      'E_TRUST_SIGNATURE',
    );
  });
});

describe('a key', () => {
  test('is kept as it was made, with a passphrase or without', () => {
    const plain = generateKey();
    expect(readSigningKey(plain.pem).public).toBe(plain.key.public);
    const locked = generateKey('open sesame');
    expect(locked.pem).toContain('ENCRYPTED');
    expect(readSigningKey(locked.pem, 'open sesame').id).toBe(locked.key.id);
    expect(codeOf(() => readSigningKey(locked.pem, 'wrong'))).toBe('E_KEY');
    expect(codeOf(() => readSigningKey(locked.pem))).toBe('E_KEY');
    expect(codeOf(() => readSigningKey('nonsense'))).toBe('E_KEY');
  });

  test('has one name, whoever asks', () => {
    expect(keyId(site.public)).toBe(site.id);
    expect(site.id).toMatch(/^[0-9a-f]{16}$/);
  });
});

test('records are signed in the form of RFC 8785, whatever order their members have', () => {
  expect(canonical({ b: [true, null, 1.5], a: { '\u20ac': 'x\u0001', 'A"': -0 } })).toBe(
    '{"a":{"A\\"":0,"€":"x\\u0001"},"b":[true,null,1.5]}',
  );
  expect(canonical(JSON.parse('{"z":1,"a":2}') as Record<string, number>)).toBe('{"a":2,"z":1}');
  expect(bytes(canonical('é'))).toBe(b`"${bytes('é')}"`);
});
