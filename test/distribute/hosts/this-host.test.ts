/** How a host sees itself when it is asked whether a package is meant for it. */
import { expect, test } from 'vitest';
import { b, bytes } from '../../../src/bytes/bytes.ts';
import { thisHost } from '../../../src/distribute/hosts/this-host.ts';
import { isTarget, parseTargets } from '../../../src/package/targets.ts';
import { parseConfig } from '../../../src/site/config.ts';
import { freshSite } from '../../site.ts';

function takes(target: string, config: string): boolean {
  const read = parseConfig(b`/etc/xhier.toml`, bytes(config));
  return isTarget(parseTargets(b`T`, bytes(target)), thisHost(freshSite(), read));
}

test('by its name with the domain of the network, unless it is called otherwise', () => {
  const facts = '[facts]\nhostname = "web1"\nfqdn = "web1.cs.example.org"\n';
  expect(takes('.cs.example.org', facts)).toBe(true);
  expect(takes('web1', facts)).toBe(true);
  expect(takes('host:other', `status-name = "other"\n${facts}`)).toBe(true);
  expect(takes('.cs.example.org', `status-name = "other"\n${facts}`)).toBe(false);
});

test('by its administrative domains, which its own configuration says', () => {
  expect(takes('www.adm', 'domains = ["disked.www.adm"]')).toBe(true);
  expect(takes('www.adm', '')).toBe(false);
});
