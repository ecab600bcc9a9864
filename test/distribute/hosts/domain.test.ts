/** Administrative domains: who is in which, as targets of packages, and the inventory by them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { b, bytes, type Bytes } from '../../../src/bytes/bytes.ts';
import {
  belowHost,
  domainsOf,
  hostNamed,
  hostsIn,
  inventoryOf,
  topOf,
  type Inventory,
} from '../../../src/distribute/hosts/inventory.ts';
import { isTarget, parseTargets } from '../../../src/package/targets.ts';
import { parseConfig } from '../../../src/site/config.ts';
import { domainProblem, domainsAbove, isInDomain } from '../../../src/site/domain.ts';

const OWN = b`disked.sun4.sunos.cc.adm`;

test.each([
  ['adm', true],
  ['cc.adm', true],
  ['sun4.sunos.cc.adm', true],
  ['disked.sun4.sunos.cc.adm', true],
  ['DISKED.Sun4.sunos.CC.adm', true],
  ['diskless.sun4.sunos.cc.adm', false],
  ['osgrp.adm', false],
  ['cc', false],
  ['sun4', false],
  ['common.adm', true],
  ['sunos.common.adm', true],
  ['sun4.common.common.adm', true],
  ['common.common.common.common.common', true],
  ['common.disked.sun4.sunos.cc.adm', false],
  ['sun*.sunos.cc.adm', true],
  ['sun?.sunos.cc.adm', true],
  ['mips*.common.common.adm', false],
  ['.adm', false],
  ['', false],
])('disked.sun4.sunos.cc.adm is in %j: %s', (domain, is) => {
  expect(isInDomain(OWN, bytes(domain))).toBe(is);
});

test('a host that is in a domain of every group says common there itself', () => {
  expect(isInDomain(b`server.common.adm`, b`server.cc.adm`)).toBe(true);
  expect(isInDomain(b`server.common.adm`, b`osgrp.adm`)).toBe(true);
  expect(isInDomain(b`server.common.adm`, b`client.cc.adm`)).toBe(false);
});

const level = fc.stringMatching(/^[a-z][a-z0-9-]{0,5}$/);
const domain = fc
  .array(level, { minLength: 1, maxLength: 5 })
  .map((levels) => bytes(levels.join('.')));

test('a host is in its own domain, in all above it, and in none below', () => {
  fc.assert(
    fc.property(domain, level, (own, more) => {
      expect(domainProblem(own)).toBeUndefined();
      for (const above of domainsAbove(own)) expect(isInDomain(own, above)).toBe(true);
      expect(isInDomain(own, b`${bytes(more)}.${own}`)).toBe(false);
    }),
  );
});

test('whatever is written as a domain is told right or wrong, at once', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
      const problem = domainProblem(bytes(text));
      expect(problem === undefined || problem.length > 0).toBe(true);
      expect(typeof isInDomain(OWN, bytes(text))).toBe('boolean');
    }),
  );
});

describe('as targets', () => {
  const host = {
    name: b`web1.cs.example.org`,
    arch: b`linux-x86_64`,
    domains: [b`disked.amd64.linux.www.adm`, b`test.qa`],
  };
  test.each([
    ['www.adm', true],
    ['linux.common.adm', true],
    ['db.adm', false],
    ['.adm', true],
    ['.qa', true],
    ['.prt', false],
    ['domain:adm', true],
    ['domain:amd64.common.www.adm', true],
    ['domain:example.org', true],
    ['www.adm&arch:linux-*', true],
    ['www.adm&arch:darwin-*', false],
    ['!www.adm', false],
    ['.adm !test.qa', false],
    ['db.adm web1', true],
    // one level by itself is a host or an architecture, as it has always been
    ['adm', false],
  ])('the targets %j take it: %s', (text, taken) => {
    expect(isTarget(parseTargets(b`T`, bytes(text)), host)).toBe(taken);
  });

  test('a host without domains gets what it has always got', () => {
    const { domains: _, ...without } = host;
    fc.assert(
      fc.property(fc.constantFrom('www.adm', '.adm', 'domain:adm', 'linux.common.adm'), (text) => {
        expect(isTarget(parseTargets(b`T`, bytes(text)), without)).toBe(false);
      }),
    );
  });
});

describe('the inventory', () => {
  const site = { root: b`/nowhere` };
  function inventory(text: string): Inventory {
    return inventoryOf(site, parseConfig(b`/etc/xhier.toml`, bytes(text)));
  }
  const names = (hosts: Inventory): Bytes[] => hosts.map(({ name }) => name);
  const SITE = inventory(`
    [hosts."web1.example.org"]
    domains = ["a.www.adm", "x.qa"]
    [hosts.web2]
    domains = ["B.WWW.adm"]
    via = "relay"
    [hosts.relay]
    via = "Master"
    [hosts.leaf]
    via = "web2"
    domains = ["prt"]
    [hosts.alone]`);

  test('knows every domain, the general first, and who is in it', () => {
    expect(domainsOf(SITE).map(({ domain: name, hosts }) => [name, hosts.length])).toEqual([
      ['adm', 2],
      ['www.adm', 2],
      ['a.www.adm', 1],
      ['B.WWW.adm', 1],
      ['prt', 1],
      ['qa', 1],
      ['x.qa', 1],
    ]);
    expect(names(hostsIn(SITE, b`common.www.adm`))).toEqual(['web1.example.org', 'web2']);
    expect(names(hostsIn(SITE, b`.qa`))).toEqual(['web1.example.org']);
  });

  test('knows hosts by their names, and by what these begin with', () => {
    expect(hostNamed(SITE, b`WEB1`)?.name).toBe('web1.example.org');
    expect(hostNamed(SITE, b`web1.example.org`)?.name).toBe('web1.example.org');
    expect(hostNamed(SITE, b`web1.example.com`)).toBeUndefined();
    const two = inventory('[hosts."a.x"]\n[hosts."a.y"]');
    expect(hostNamed(two, b`a`)).toBeUndefined();
  });

  test('knows the tree', () => {
    expect(names(topOf(SITE, b`master`))).toEqual(['alone', 'relay', 'web1.example.org']);
    expect(names(topOf(SITE, b`other`))).toEqual(['alone', 'web1.example.org']);
    expect(names(belowHost(SITE, b`relay`))).toEqual(['web2', 'leaf']);
    expect(() => inventory('[hosts.a]\nvia = "b"\n[hosts.b]\nvia = "A"')).toThrow(/in a circle/);
    expect(() => inventory('[hosts.a]\nvia = "a"')).toThrow(/in a circle/);
  });
});
