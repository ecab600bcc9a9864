/** The depot's operations in this process, for tests that need many of them. */
import { commitGeneration } from '../../src/host/generations.ts';
import type { Plan } from '../../src/host/plan.ts';
import { withHost, type Host } from '../../src/host/transaction.ts';
import type { Bytes } from '../../src/bytes/bytes.ts';
import { bytes } from '../../src/bytes/bytes.ts';
import { planInstall } from '../../src/depot/install.ts';
import { planMakeLinks } from '../../src/depot/make-links.ts';
import { planPrefer } from '../../src/depot/prefer.ts';
import { planUninstall } from '../../src/depot/uninstall.ts';
import { loadConfig, type Config } from '../../src/site/config.ts';
import type { Site } from '../../src/site/site.ts';

/** Plans under the lock and commits; a plan with conflicts changes nothing. @returns the plan */
export async function change(
  site: Site,
  plan: (host: Host, config: Config) => Plan,
): Promise<Plan> {
  return withHost(site, { command: 'test', lockTimeout: 5 }, (host) => {
    const made = plan(host, loadConfig(site));
    if (made.conflicts.length === 0) commitGeneration(host, made, { commandLine: 'test' });
    return made;
  });
}

export async function installed(site: Site, ...names: readonly string[]): Promise<Plan> {
  return change(site, (host, config) => planInstall(host, config, asked(names)).plan);
}

export async function uninstalled(site: Site, ...names: readonly string[]): Promise<Plan> {
  return change(site, (host, config) =>
    planUninstall(host, config, asked(names), { force: false }),
  );
}

/** The farms made right; all of them without names. */
export async function linked(site: Site, ...names: readonly string[]): Promise<Plan> {
  return change(site, (host, config) => planMakeLinks(host, config, asked(names)));
}

export async function preferred(
  site: Site,
  name: string,
  provider: string | undefined,
): Promise<Plan> {
  return change(site, (host, config) =>
    planPrefer(host, config, bytes(name), provider === undefined ? undefined : bytes(provider)),
  );
}

function asked(names: readonly string[]): { readonly name: Bytes }[] {
  return names.map((name) => ({ name: bytes(name) }));
}
