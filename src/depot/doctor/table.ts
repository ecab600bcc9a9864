/** The one table of checks of the host, in the order in which their findings are told. */
import { attached } from './attached.ts';
import { caches, farms, pathTable } from './farms.ts';
import type { HostCheck } from './finding.ts';
import { lfuConfiguration, lfuLedgers } from './lfu.ts';
import { configuration, logins, permissions, platform, room } from './machine.ts';
import { currentVersions, needs, vanished } from './packages.ts';
import { clock, history, receipts, records } from './records.ts';
import { accountNumbers, markers, merged, orphans } from './system-files.ts';
import { journal, leftOvers, lock } from './transactions.ts';
import { names, siteRoot, trees } from './trees.ts';

export const HOST_CHECKS: readonly HostCheck[] = [
  configuration,
  lock,
  journal,
  trees,
  names,
  permissions,
  receipts,
  records,
  history,
  clock,
  siteRoot,
  attached,
  vanished,
  currentVersions,
  needs,
  farms,
  pathTable,
  caches,
  markers,
  orphans,
  merged,
  accountNumbers,
  leftOvers,
  lfuConfiguration,
  lfuLedgers,
  room,
  platform,
  logins,
];
