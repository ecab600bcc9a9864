/** This host as the targets of packages see it: its name with its domain, architecture, domains. */
import { bytes } from '../../bytes/bytes.ts';
import type { TargetHost } from '../../package/targets.ts';
import { architecture } from '../../site/arch.ts';
import type { Config } from '../../site/config.ts';
import { factsOf, factText } from '../../site/facts.ts';
import { isHostName } from '../../site/host-name.ts';
import type { Site } from '../../site/site.ts';
import { ownName } from '../status/record.ts';

/** Its name is `status-name` where that is given; else its own, with the domain of the network where it is known. */
export function thisHost(site: Site, config: Config): TargetHost {
  const { values } = config;
  const fqdn = factText(factsOf(site, config).get('fqdn') ?? '');
  const known = values['status-name'] === undefined && isHostName(fqdn);
  return {
    name: bytes(known ? fqdn : ownName(site, config)),
    arch: architecture(),
    domains: values.domains,
  };
}
