/** `lfu owns`: which master supplied an object of a slave, and who else offers it. */
import { printable, toJson, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import { readLedger, slavesWithLedger } from '../lfu/ledger/store.ts';
import { ownerOf, strays, type NamedMaster, type Ownership } from '../lfu/owns.ts';
import { realPathOf } from '../lfu/update/update.ts';
import { EXIT } from '../message/error.ts';
import { openSite } from '../site/open.ts';
import type { Site } from '../site/site.ts';
import { usageError, type CommonOptions, type LfuCommand, type Streams } from './lfu-command.ts';
import { absolutePath, configOf, pairsOf, realParent } from './lfu-site.ts';
import { rawArgument } from './raw-argument.ts';

export const command: LfuCommand<Parsed> = {
  usage: '[PATH...]',
  details: `Prints which master supplied an object of a slave, and who else offers it. PATH is an object
of a slave, there or not. What is printed is known from the last turn of each master: the one that
supplied the object, by its name and with its path there, then whoever offers the same name and comes
later in the configuration. For a slave without a ledger the masters of /etc/lfu.toml are asked which of
them has it.

With --strays each PATH is a slave; without one all of them are looked at.`,
  options: [
    { flags: '--strays', summary: 'print what stands in slaves and no master has supplied' },
  ],
  examples: [
    {
      command: 'lfu owns /usr/local/bin/prog',
      explains: '/usr/local/bin/prog: local (/export/local/bin/prog)',
    },
    {
      command: 'lfu owns --strays /disk/local',
      explains: 'what somebody has put there by hand, or has stayed when the ledger was lost',
    },
  ],
  exits: [
    { code: 0, means: 'done' },
    { code: 1, means: 'no master supplied one of them' },
    { code: 2, means: 'usage' },
    { code: 3, means: 'the ledger cannot be read' },
  ],
  run({ args, options, ...streams }) {
    const site = openSite(options.root);
    const paths = args.map((word) => absolutePath(rawArgument(word)));
    if (options.strays === true) return printStrays(site, paths, options, streams);
    if (paths.length === 0) throw usageError('PATH is wanted', 'for example: lfu owns bin/prog');
    return printOwners(site, paths, options, streams);
  },
};

interface Parsed extends CommonOptions {
  readonly strays?: true;
}

function printOwners(
  site: Site,
  paths: readonly Bytes[],
  { json }: Parsed,
  { out, err }: Streams,
): number {
  const configured = pairsOf(configOf(site));
  let code: number = EXIT.done;
  for (const path of paths) {
    const owner =
      ownerOf(site, realParent(path), configured) ?? ownerOf(site, realPathOf(path), configured);
    if (owner?.supplier === undefined) code = EXIT.failed;
    if (json === true) out.write(JSON.stringify(recordOf(path, owner)));
    else if (owner === undefined) err.write(`lfu: ${printable(path)}: not in any slave`);
    else for (const line of linesOf(path, owner)) out.write(line);
  }
  return code;
}

function linesOf(path: Bytes, owner: Ownership): readonly string[] {
  const { supplier, offers, path: below, isThere } = owner;
  const gone = isThere ? '' : ' (not there now)';
  if (supplier === undefined) return [`${printable(path)}: no master supplied it${gone}`];
  const place = (master: NamedMaster): string =>
    `${printable(master.name)} (${printable(join(master.path, below))})`;
  const isOffered = offers.some(({ name }) => name === supplier.name);
  const only = !supplier.isConfigured
    ? ', which the configuration does not name any more'
    : isOffered
      ? ''
      : ', which does not offer it any more';
  return [
    `${printable(path)}: ${place(supplier)}${only}${gone}`,
    ...offers
      .filter(({ name }) => name !== supplier.name)
      .map((other) => `    offered by ${place(other)}, too`),
  ];
}

function recordOf(path: Bytes, owner: Ownership | undefined): object {
  const master = ({ name, path: root, isConfigured }: NamedMaster): object => ({
    name: toJson(name),
    path: toJson(root),
    configured: isConfigured,
  });
  return {
    path: toJson(path),
    slave: owner === undefined ? null : toJson(owner.slave),
    below: owner === undefined ? null : toJson(owner.path),
    there: owner?.isThere === true,
    supplier: owner?.supplier === undefined ? null : master(owner.supplier),
    offeredBy: (owner?.offers ?? []).map(master),
  };
}

function printStrays(
  site: Site,
  paths: readonly Bytes[],
  { json }: Parsed,
  { out }: Streams,
): number {
  const slaves = paths.length === 0 ? slavesWithLedger(site) : paths.map(realPathOf);
  for (const slave of slaves) {
    if (readLedger(site, slave).kind !== 'ledger') {
      throw usageError(`${printable(slave)} has no ledger`, "name a slave of 'lfu update'");
    }
    for (const path of strays(site, slave)) {
      const whole = join(slave, path);
      out.write(json === true ? JSON.stringify({ path: toJson(whole) }) : printable(whole));
    }
  }
  return EXIT.done;
}
