/**
 * `xh register`: the manual page software(i). It stands in a package of the depot like every other,
 * `/software/software`, because it lists the depot's packages: so it reaches the other hosts as they
 * do, and a host finds it by the link in its farm. Page, link and receipt are one plan.
 */
import { b, printable, toText, type Bytes } from '../bytes/bytes.ts';
import { sha256 } from '../files/content.ts';
import { planFarm } from '../farm/plan.ts';
import { userName } from '../host/lock.ts';
import type { Draft } from '../host/draft.ts';
import type { Plan } from '../host/plan.ts';
import { sameReceipt, type ReceiptFile, type ReceiptLink } from '../host/receipt.ts';
import type { Host } from '../host/transaction.ts';
import { EXIT, XhError } from '../message/error.ts';
import { didYouMean } from '../message/nearest.ts';
import { bestCandidate, notThere, refuse, type Wanted } from '../package/candidate.ts';
import { listPackages, type PackageEntry } from '../package/entries.ts';
import { printMaintainer } from '../package/maintainer.ts';
import { bestOf, nameIndex, newestFirst } from '../package/newest.ts';
import { DEFAULT_OPTIONS, printOptions } from '../package/options.ts';
import { readPackage } from '../package/read.ts';
import { architecture } from '../site/arch.ts';
import { isDefaultPackage, type Config } from '../site/config.ts';
import { printMailbox } from '../site/mailbox.ts';
import { packagePath } from '../site/site.ts';
import { finishPlanning, startPlanning, type Planning } from './context.ts';
import { maintainerOf } from './maintainer.ts';
import { planPathTable } from './path-table.ts';
import { receiptOf, writeReceipt } from './receipts.ts';
import {
  PAGE_SUMMARY,
  printSoftwarePage,
  registeredOn,
  type SoftwareEntry,
} from './software-page.ts';

/** The package of the page. */
export const SOFTWARE = b`software`;
const TREE = b`/.software/share/${SOFTWARE}`;
/** A man program looks for section `i` nowhere by itself, and for `7i` wherever it looks for 7. */
const PAGE = b`man/man7/software.7i`;
const PAGE_LINK = b`/.software/local/.admin/${PAGE}`;

export interface RegisterRequest {
  readonly packages: readonly Wanted[];
  /** All that the depot has. */
  readonly all: boolean;
  /** They are taken off the page. */
  readonly remove: boolean;
}

export interface RegisterResult {
  readonly plan: Plan;
  /** Names that are on the page now and were not. */
  readonly added: readonly Bytes[];
  /** Names that are not any more: by request, or because the depot has them no more. */
  readonly removed: readonly Bytes[];
  /** Those of `removed` that the depot has lost. */
  readonly lost: readonly Bytes[];
  /** All names on the page, sorted. */
  readonly registered: readonly Bytes[];
}

/**
 * Plans the page anew: with the packages that are asked for, without those that the depot has lost,
 * and with what all the others say of themselves now.
 * @throws XhError E_NO_PACKAGE, E_NO_VERSION; E_NOT_REGISTERED; E_REGISTER_PLACE (exit 3) when
 *   `/software/software` is somebody else's; DiagnosticError for one that is asked for and cannot be read
 */
export function planRegister(host: Host, config: Config, request: RegisterRequest): RegisterResult {
  const planning = startPlanning(host, config);
  const standing = standingPage(planning);
  const entries = listPackages(host.site).filter(({ directory }) => directory !== SOFTWARE);
  const there = new Set(entries.map(({ name }) => name));
  const before = new Set(standing);
  const asked = new Set(namesAsked(request, entries, before));
  const registered = [...new Set([...before, ...(request.remove ? [] : asked)])]
    .filter((name) => there.has(name) && !(request.remove && asked.has(name)))
    .toSorted();
  if (standing !== undefined || registered.length > 0) {
    const byName = nameIndex(entries);
    const said = registered.map((name) =>
      entryOf(planning, byName.get(name)?.filter((each) => each.name === name) ?? [], {
        strict: asked.has(name) && !request.all,
      }),
    );
    planPage(planning, printSoftwarePage(said));
  }
  const after = new Set(registered);
  return {
    plan: finishPlanning(planning, 'register', [SOFTWARE]),
    added: registered.filter((name) => !before.has(name)),
    removed: [...before].filter((name) => !after.has(name)),
    lost: [...before].filter((name) => !there.has(name) && !asked.has(name)),
    registered,
  };
}

/** Who is on the page that stands; undefined when there is none yet. */
function standingPage({ draft, host }: Planning): readonly Bytes[] | undefined {
  if (isFree(draft)) return undefined;
  const page = draft.read(b`${TREE}/${PAGE}`);
  const registered = page === undefined ? undefined : registeredOn(page.content);
  if (registered !== undefined) return registered;
  const path = packagePath(host.site, SOFTWARE);
  throw new XhError(
    'E_REGISTER_PLACE',
    `${printable(path)} is not the package of the page software(i): it has no ${printable(PAGE)} that xh register has made`,
    {
      exit: EXIT.refused,
      place: { file: path },
      remedy: 'give that package another name, or move it away; then register again',
    },
  );
}

/** Whether no package is there; directories that are empty are none. */
function isFree(draft: Draft): boolean {
  return [b`.admin/Maintainer`, PAGE].every(
    (path) => draft.look(b`${TREE}/${path}`).type === 'absent',
  );
}

function namesAsked(
  { packages, all, remove }: RegisterRequest,
  entries: readonly PackageEntry[],
  registered: ReadonlySet<Bytes>,
): Bytes[] {
  if (all) return remove ? [...registered] : entries.map(({ name }) => name);
  const byName = nameIndex(entries);
  return packages.map((wish) => {
    // what the depot has lost can still be taken off
    if (remove && registered.has(wish.name)) return wish.name;
    const found = bestCandidate(byName.get(wish.name) ?? [], wish);
    if (found === undefined && !remove) return refuse([notThere(wish, byName)]);
    const name = found?.name ?? wish.name;
    if (!remove || registered.has(name)) return name;
    throw new XhError('E_NOT_REGISTERED', `${printable(name)} is not registered`, {
      remedy:
        didYouMean(toText(name), [...registered].map(toText)) ?? "'man software' shows what is",
    });
  });
}

/** What is said of a package: of its current version, or the newest. */
function entryOf(
  { host }: Planning,
  versions: readonly PackageEntry[],
  { strict }: { readonly strict: boolean },
): SoftwareEntry {
  const name = versions[0]?.name ?? b``;
  const shown = bestOf(versions, name);
  const others = versions.filter((each) => each !== shown).toSorted(newestFirst);
  const all = [shown, ...others].flatMap((each) => each?.version ?? []);
  const base = { name, versions: all };
  if (shown === undefined) return { ...base, maintainers: [] };
  try {
    const { options, maintainers } = readPackage(host.site, shown);
    const { summary, homepage } = options.values;
    return {
      ...base,
      ...(summary !== undefined && { summary }),
      ...(homepage !== undefined && { homepage }),
      maintainers: maintainers.map(printMailbox),
    };
  } catch (error) {
    if (strict || !(error instanceof XhError)) throw error;
    return { ...base, maintainers: [], problem: error.message };
  }
}

/** The package, its link on this host, and its receipt, so that nothing finds them strange. */
function planPage(planning: Planning, page: Bytes): void {
  const { draft, config, host, farm } = planning;
  const isNew = isFree(draft);
  const files = new Map<Bytes, Bytes>([[PAGE, page]]);
  if (isNew) {
    files.set(b`.admin/Maintainer`, printMaintainer(maintainerOf(config, undefined)));
    files.set(b`.admin/Options`, printOptions({ summary: PAGE_SUMMARY }));
  }
  for (const [path, content] of files) {
    const at = b`${TREE}/${path}`;
    draft.makeDir(at.slice(0, at.lastIndexOf('/')) as Bytes);
    draft.write(at, content, { mode: 0o644 });
  }
  const before = receiptOf(planning, SOFTWARE);
  // on a host that has taken it out it stays out, and is brought up to date in the depot all the same
  if (!isNew && before === undefined) return;
  const isDefault = isDefaultPackage(config, [SOFTWARE], true);
  const target = b`${packagePath(host.site, SOFTWARE)}/${PAGE}`;
  const links: ReceiptLink[] = isDefault ? [{ class: 'man', path: PAGE_LINK, target }] : [];
  const placed = planFarm(farm, {
    wanted: links,
    had: before?.links ?? [],
    package: SOFTWARE,
    directory: SOFTWARE,
    priority: DEFAULT_OPTIONS.values.priority,
  });
  planning.conflicts.push(...placed.conflicts);
  planning.notes.push(...placed.notes);
  const receipt = {
    format: 1,
    package: SOFTWARE,
    name: SOFTWARE,
    architecture: architecture(),
    time: new Date().toISOString(),
    user: userName(),
    current: true,
    files: receiptFiles(before?.files ?? [], files),
    fragments: [],
    links,
  } as const;
  if (before === undefined || !sameReceipt(before, receipt)) writeReceipt(planning, receipt);
  planPathTable(planning);
}

/** The files as they will be: those of before, with what is written now. */
function receiptFiles(
  before: readonly ReceiptFile[],
  written: ReadonlyMap<Bytes, Bytes>,
): ReceiptFile[] {
  const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  const known = new Map(before.map((file) => [file.path, file]));
  // in the order in which an install records it, or the same would not look the same
  const add = (path: Bytes, rest: Pick<ReceiptFile, 'type' | 'size' | 'sha256'>): void => {
    const old = known.get(path);
    const mode = rest.type === 'file' ? 0o644 : 0o755;
    const { uid, gid } = old ?? own;
    known.set(path, { path, mode: old?.mode ?? mode, uid, gid, ...rest });
  };
  if (before.length === 0) {
    for (const path of [TREE, b`${TREE}/.admin`, b`${TREE}/man`, b`${TREE}/man/man7`]) {
      add(path, { type: 'directory', size: 0 });
    }
  }
  for (const [path, content] of written) {
    add(b`${TREE}/${path}`, {
      type: 'file',
      size: content.length,
      sha256: sha256(content),
    });
  }
  return [...known.values()].toSorted((one, other) => (one.path < other.path ? -1 : 1));
}
