/**
 * What a slave runs every night: its masters one after the other, each with its tree, rules and
 * options. All that can be wrong in the configuration is found before the first of them; what goes
 * wrong with one does not keep the next from its turn.
 */
import { realpathSync } from 'node:fs';
import { fromBuffer, toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { basename, dirname, join } from '../../bytes/path.ts';
import { DiagnosticError, type Diagnostic } from '../../message/diagnostic.ts';
import { EXIT } from '../../message/error.ts';
import { readAccounts } from '../../site/accounts.ts';
import type { Site } from '../../site/site.ts';
import { holdSlaves } from '../ledger/store.ts';
import type { LedgerUse, Pretended } from '../ledger/use.ts';
import type { DeleteLimit, LfuOptions, LfuReport, LfuResult } from '../options.ts';
import type { StopSignal } from '../pace.ts';
import { compileRules, type RuleSet } from '../rules/evaluator.ts';
import { systemSources } from '../rules/sources.ts';
import { runLfu } from '../run.ts';
import type { MasterConfig, UpdateConfig } from './config.ts';

/** A master with its rules read and resolved. */
export interface PreparedMaster {
  readonly master: MasterConfig;
  readonly rules: RuleSet | undefined;
}

export interface UpdateOptions {
  readonly site: Site;
  readonly config: UpdateConfig;
  /** Whose turn it is, in the order of the configuration. */
  readonly masters: readonly PreparedMaster[];
  readonly dryRun: boolean;
  /** Instead of what the configuration says, for this once. */
  readonly instead: {
    readonly maxDelete?: DeleteLimit | undefined;
    readonly checksum?: boolean | undefined;
    readonly jobs?: number | undefined;
    readonly bandwidth?: number | undefined;
  };
  /** Opens masters that are stores. */
  readonly openStore?: LfuOptions['openStore'];
  readonly stopped?: () => StopSignal | undefined;
  readonly report: UpdateReport;
}

export interface UpdateReport {
  /** What is told of a master's run while it goes on. */
  readonly of: (master: MasterConfig) => LfuReport;
  readonly done: (master: MasterConfig, result: LfuResult) => void;
  /** Nothing was touched in its turn. @returns the exit code that this is worth */
  readonly failed: (master: MasterConfig, error: unknown) => number;
  readonly warn: (message: string) => void;
}

/**
 * The rules of `masters`, resolved.
 * @throws DiagnosticError with what is wrong in any of them; nothing has been touched then
 */
export function prepareMasters(
  masters: readonly MasterConfig[],
  host: { readonly arch: Bytes; readonly host: Bytes },
): readonly PreparedMaster[] {
  const accounts = readAccounts();
  const wrong: Diagnostic[] = [];
  const prepared = masters.map((master): PreparedMaster => {
    const { scripts, netgroupFiles } = master;
    if (scripts.length === 0) return { master, rules: undefined };
    try {
      const sources = systemSources({ ...host, netgroupFiles, accounts });
      return { master, rules: compileRules(scripts, sources) };
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
      wrong.push(...error.diagnostics.filter((each) => !wrong.some((told) => isSame(told, each))));
      return { master, rules: undefined };
    }
  });
  if (wrong.length > 0) throw new DiagnosticError(wrong);
  return prepared;
}

/**
 * Gives each of the masters its turn. Nobody else updates their slaves meanwhile.
 * @returns the worst exit code
 * @throws XhError E_LFU_LOCKED (exit 3) when another run has one of the slaves; nothing is touched then
 */
export async function update(options: UpdateOptions): Promise<number> {
  const { site, masters, dryRun } = options;
  const slaves = new Set(masters.map(({ master }) => realPathOf(master.slave)));
  const held = dryRun ? undefined : holdSlaves(site, [...slaves]);
  try {
    return await takeTurns(options);
  } finally {
    held?.release();
  }
}

async function takeTurns(options: UpdateOptions): Promise<number> {
  const { masters, report } = options;
  const pretended = new Map<Bytes, Pretended>();
  const warned = new Set<string>();
  let worst = 0;
  for (const prepared of masters) {
    const { master } = prepared;
    try {
      const result = await runLfu(
        runOptions(prepared, options, {
          pretended,
          warn(message) {
            if (!warned.has(message)) report.warn(message);
            warned.add(message);
          },
        }),
      );
      report.done(master, result);
      worst = Math.max(worst, result.exit);
      // a signal is meant for all of them
      if (result.exit > EXIT.failed) break;
    } catch (error) {
      worst = Math.max(worst, report.failed(master, error));
    }
  }
  return worst;
}

/** The real path that `path` has or, where it is not there yet, is going to have. */
export function realPathOf(path: Bytes): Bytes {
  return real(path) ?? join(real(dirname(path)) ?? dirname(path), basename(path));
}

/** The masters that the configuration has for a slave, as its ledger has to know them. */
export function configuredFor(
  { masters }: UpdateConfig,
  slave: Bytes,
): readonly { readonly name: Bytes; readonly path: Bytes }[] {
  return masters
    .filter((master) => realPathOf(master.slave) === slave)
    .map(({ name, path }) => ({ name, path: realPathOf(path) }));
}

function runOptions(
  { master, rules }: PreparedMaster,
  { site, config, dryRun, instead, openStore, stopped, report }: UpdateOptions,
  ledger: Pick<LedgerUse, 'pretended' | 'warn'>,
): Parameters<typeof runLfu>[0] {
  const { options } = master;
  const slave = realPathOf(master.slave);
  return {
    master: master.path,
    slave: master.slave,
    rules,
    dryRun,
    marker: master.marker,
    index: master.index,
    ledger: {
      ...ledger,
      site,
      isHeld: !dryRun,
      master: master.name,
      configured: configuredFor(config, slave),
      otherSlaves: config.masters.map((each) => realPathOf(each.slave)),
    },
    checksum: instead.checksum ?? options.checksum === true,
    maxDelete: instead.maxDelete ?? options['max-delete'],
    oneFileSystem: options['one-file-system'] === true,
    noOwner: options['no-owner'] === true,
    failFast: options['fail-fast'] === true,
    fsync: options.fsync === true,
    jobs: instead.jobs ?? options.jobs,
    bandwidth: instead.bandwidth ?? options.bwlimit,
    ...(openStore && { openStore }),
    ...(stopped && { stopped }),
    report: report.of(master),
  };
}

function real(path: Bytes): Bytes | undefined {
  try {
    return fromBuffer(realpathSync.native(toBuffer(path), { encoding: 'buffer' }));
  } catch {
    return undefined;
  }
}

function isSame(one: Diagnostic, other: Diagnostic): boolean {
  return one.file === other.file && one.line === other.line && one.column === other.column;
}
