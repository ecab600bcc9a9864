/**
 * The library: the depot for programs, without `exec`. Paths and contents are `Bytes` (byte strings);
 * every changing operation returns a plan, which {@link applyPlan} or {@link commitGeneration} applies.
 */
export * from './bytes/bytes.ts';
export { EXIT, XhError, placeText, type ExitCode, type Place } from './message/error.ts';
export { DiagnosticError, formatDiagnostic, type Diagnostic } from './message/diagnostic.ts';
export { version } from './message/version.ts';
export { openSite } from './site/open.ts';
export type { Site } from './site/site.ts';
export { loadConfig, type Config } from './site/config.ts';
export { architecture, compatible, cpuFlags, platform } from './site/arch.ts';
export { factsOf, factText, type Facts, type FactValue } from './site/facts.ts';
export { findPackage, readPackage, type PackageMetadata } from './package/read.ts';
export { listPackages } from './package/entries.ts';
export { compareVersions } from './package/versions.ts';
export { parseRange, satisfies } from './package/range.ts';
export type { Wanted } from './package/candidate.ts';
export type { Change, Conflict, Plan } from './host/plan.ts';
export { applyPlan, recover, type Recovery } from './host/apply.ts';
export { ConflictError } from './host/conflict-error.ts';
export {
  commitGeneration,
  generationNumbers,
  readGeneration,
  type Generation,
} from './host/generations.ts';
export { planRollback } from './host/rollback.ts';
export { planCollect, type CollectLimits, type Collection } from './host/collect.ts';
export { installedPackages, readReceipt, type Receipt } from './host/receipt.ts';
export { toJsonText, fromJsonText } from './host/json.ts';
export { visitHost, withHost, type Host, type TransactionOptions } from './host/transaction.ts';
export { install, planInstall } from './depot/install.ts';
export { planUninstall, uninstall } from './depot/uninstall.ts';
export { planUse, use } from './depot/use.ts';
export { planMakeLinks } from './depot/make-links.ts';
export { planPrefer, planPreferences, type Preference } from './depot/prefer.ts';
export { planAutolink, planSymlinks } from './depot/link-files.ts';
export { checkFarm, listFarm, type FarmFinding, type FarmLink } from './depot/farm.ts';
export { planMkpkg } from './depot/mkpkg.ts';
export { importSoftware } from './depot/import.ts';
export { listDepot } from './depot/list.ts';
export { whoOwns } from './depot/which.ts';
export { KINDS } from './export/kinds.ts';
export type { FragmentKind } from './export/fragment.ts';
export { LINK_CLASSES, type LinkClass } from './farm/classes.ts';
