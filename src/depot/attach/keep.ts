/**
 * Which packages this host has by links, as its configuration wants it: those of `attach.packages`, each
 * from the first of `attach.mounts` that has it and answers, but for those of `attach.local`, which are
 * copies. After autosup and autolink of "Bootstrapping an Infrastructure" (LISA 1998). `xh pull` keeps it so.
 */
import { b, compareBytes, printable, type Bytes } from '../../bytes/bytes.ts';
import type { Plan } from '../../host/plan.ts';
import type { Host } from '../../host/transaction.ts';
import { architecture, compatible, cpuFlags } from '../../site/arch.ts';
import { siteFileTypes, type Config } from '../../site/config.ts';
import { isHostsOwn } from '../../site/file-types.ts';
import { compileGlob } from '../../site/glob.ts';
import { pulledPackage } from '../pulled.ts';
import { planAttach, type Attachment } from './attach.ts';
import { answerText, lookAtMount, type Mount, type MountAnswer } from './mount.ts';
import { attachedPackages } from './record.ts';

export interface Attachments {
  /** Packages that are attached, or will be by the plan: nobody else is to change their files. */
  readonly attached: ReadonlySet<Bytes>;
  /** Attached packages that are to be copies: whoever puts a tree in the place of the links forgets them (`attachedIn`). */
  readonly toCopy: ReadonlySet<Bytes>;
  /** The links that are to be made; nothing in it when all is as it should be. */
  readonly plan: Plan;
  /** What a person should know: mounts that are gone. */
  readonly notes: readonly string[];
}

/**
 * Looks at the mounts and plans. Mounts that do not answer are told of and waited for no longer than some
 * seconds; what is attached from them stays.
 * @param only packages to be concerned with; all when undefined
 */
export async function planAttachments(
  host: Host,
  config: Config,
  only?: readonly Bytes[],
): Promise<Attachments> {
  const {
    'attach.mounts': paths,
    'attach.packages': wanted,
    'attach.local': local,
  } = config.values;
  const standing = attachedPackages(host.walker);
  const concerned = (name: Bytes): boolean => only === undefined || only.includes(name);
  const isLocal = matcher(local);
  const isWanted = (name: Bytes): boolean => matcher(wanted)(name) && !isLocal(name);
  const notes: string[] = [];
  const mounts: Mount[] = [];
  if (wanted.length > 0) {
    const answers = await Promise.all(
      paths.map(async (path) => ({ path, answer: await mountNow(host, config, path, isWanted) })),
    );
    for (const { path, answer } of answers) {
      if (typeof answer === 'object') mounts.push(answer);
      else
        notes.push(
          `${printable(path)} ${answerText(answer)}: what is attached from there stays so`,
        );
    }
  }
  const silent = new Set(paths.filter((path) => mounts.every((mount) => mount.path !== path)));
  const attachments = new Map<Bytes, Attachment>();
  for (const mount of mounts) {
    for (const [directory, offered] of mount.offered) {
      if (!concerned(directory) || attachments.has(directory)) continue;
      const is = standing.get(directory);
      // from a mount that is to be preferred and is gone for now, or as somebody has said by hand
      if (is !== undefined && (is.by === 'hand' || silent.has(is.from))) continue;
      if (is === undefined && isOwn(host, directory)) {
        notes.push(
          `${printable(directory)} is here as files of this host's own: it is not attached, though attach.packages has it`,
        );
        continue;
      }
      attachments.set(directory, { mount, offered });
    }
  }
  const toCopy = new Set<Bytes>();
  for (const [directory, { by }] of standing) {
    const stays = by === 'hand' ? !isLocal(directory) : isWanted(directory);
    if (!stays && concerned(directory)) toCopy.add(directory);
  }
  const order = [...attachments.keys()].toSorted(compareBytes);
  const plan = planAttach(
    host,
    config,
    order.flatMap((each) => attachments.get(each) ?? []),
    { by: 'configuration', replace: false },
  );
  const attached = new Set([...standing.keys(), ...attachments.keys()]);
  for (const directory of toCopy) attached.delete(directory);
  return { attached, toCopy, plan, notes };
}

/** What a mount has of packages that somebody wants. */
async function mountNow(
  { site }: Host,
  config: Config,
  path: Bytes,
  isWanted: (name: Bytes) => boolean,
): Promise<MountAnswer> {
  const first = await lookAtMount(site, path, lookOptions(config, []));
  if (typeof first !== 'object') return first;
  return lookAtMount(site, path, lookOptions(config, first.packages.filter(isWanted)));
}

/** What is to be looked at on a mount for this host. */
export function lookOptions(
  config: Config,
  packages: readonly Bytes[],
): Parameters<typeof lookAtMount>[2] {
  return {
    types: siteFileTypes(config)
      .filter((type) => !isHostsOwn(type))
      .map(({ name }) => name),
    runs: compatible(architecture(), cpuFlags()),
    packages,
  };
}

function isOwn({ walker }: Host, directory: Bytes): boolean {
  return (
    walker.stat(b`/.software/share/${directory}`)?.type === 'd' &&
    pulledPackage(walker, directory) === undefined
  );
}

function matcher(patterns: readonly Bytes[]): (name: Bytes) => boolean {
  const globs = patterns.map((pattern) => compileGlob(pattern));
  return (name) => globs.some((glob) => glob.matches(name));
}
