/** Checks of the trees themselves: whether they are there, of this architecture, and of this root. */
import { b, printable, slice, type Bytes } from '../../bytes/bytes.ts';
import { components, isWithin, join } from '../../bytes/path.ts';
import { unmountedPoints } from '../../files/mounts.ts';
import { readLinkAt } from '../../files/names.ts';
import { statAt } from '../../files/stat.ts';
import type { Host } from '../../host/transaction.ts';
import { stateOf } from '../../host/state.ts';
import { readPackage } from '../../package/read.ts';
import { architecture } from '../../site/arch.ts';
import { siteFileTypes } from '../../site/config.ts';
import { ARCH } from '../../site/file-types.ts';
import { inSite, softwarePath } from '../../site/site.ts';
import { activate } from '../activate.ts';
import type { Planning } from '../context.ts';
import { packageFiles } from '../package-files.ts';
import { receiptOf, writeReceipt } from '../receipts.ts';
import type { PackageReceipt } from '../receipt-set.ts';
import { shellWord } from '../shell-word.ts';
import type { Examination } from './examination.ts';
import { ORDER, type HostCheck } from './finding.ts';

export const trees: HostCheck = {
  id: 'trees',
  what: 'trees of file types that are missing, not mounted, no directories, or of another architecture',
  *run({ host, config, receipts }) {
    const unmounted = host.site.root === '/' ? unmountedPoints() : new Set<Bytes>();
    const used = new Set(
      receipts.flatMap(({ files }) => files.map(({ path }) => components(path)[1] ?? b``)),
    );
    for (const { name } of siteFileTypes(config)) {
      const path = b`/.software/${name}`;
      const shown = printable(path);
      const standing = stateOf(host.walker, path);
      const real = host.walker.tryLocate(path, { follow: true })?.path;
      const there = host.walker.stat(path, { follow: true });
      const point = [path, real].find((each) => each !== undefined && unmounted.has(each));
      if (point !== undefined) {
        yield {
          severity: 'problem',
          path,
          message: `${shown} is to be mounted (/etc/fstab), and is not`,
          remedy: `mount ${shellWord(point)}`,
        };
      } else if (standing.type === 'link' && there === undefined) {
        yield {
          severity: 'problem',
          path,
          message: `${shown} leads to ${printable(standing.target)}, which is not there`,
          cause: 'it is not mounted, or was moved',
          remedy: `mount or make ${shellWord(standing.target)}, or let the link lead to where the tree is`,
        };
      } else if (there === undefined && used.has(name)) {
        yield {
          severity: 'problem',
          path,
          message: `${shown} is not there, and packages that are installed have files in it`,
          remedy: `mount it, or put it back: mkdir ${shellWord(inSite(host.site, path))}, and bring the packages anew`,
        };
      } else if (there !== undefined && there.type !== 'd') {
        yield {
          severity: 'problem',
          path,
          message: `${shown} is no directory`,
          remedy: `mv ${shellWord(inSite(host.site, path))} elsewhere, and put the tree in its place`,
        };
      }
      const store = config.values['arch-store'];
      if (name !== ARCH || store === undefined || standing.type !== 'link') continue;
      const wanted = inSite(host.site, join(store, architecture()));
      if (standing.target === wanted || there === undefined) continue;
      yield {
        severity: 'problem',
        path,
        message: `${shown} leads to ${printable(standing.target)}; of this architecture is ${printable(wanted)}`,
        cause: 'the tree was set up on, or copied from, a host of another architecture',
        remedy: `ln -sfn ${shellWord(wanted)} ${shellWord(inSite(host.site, path))}`,
        repair: {
          when: 'safe',
          order: ORDER.names,
          plan: ({ draft }) => {
            draft.link(path, wanted);
          },
        },
      };
    }
  },
};

/** The links of the hierarchy itself, and what they lead to. */
const LINKS = [
  [b`/software`, b`/.software/share`],
  [b`/.software/share/.admin`, b`/.software/local/.admin`],
] as const;

export const names: HostCheck = {
  id: 'names',
  what: '/software and /software/.admin: the names by which everything is reached',
  *run({ host }) {
    const { walker, site } = host;
    if (walker.stat(b`/.software/share`, { follow: true }) === undefined) return;
    for (const [path, leadsTo] of LINKS) {
      const standing = stateOf(walker, path);
      const target = inSite(site, leadsTo);
      if (standing.type === 'link' && standing.target === target) continue;
      if (path !== '/software' && walker.stat(leadsTo) === undefined) continue;
      const shown = printable(path);
      if (standing.type === 'link' && leadsThere(host, path, leadsTo)) continue;
      const words =
        standing.type === 'absent'
          ? `${shown} is not there`
          : standing.type === 'link'
            ? `${shown} leads to ${printable(standing.target)}, not to ${printable(target)}`
            : `${shown} is no link to ${printable(target)}`;
      const at = shellWord(inSite(site, path));
      const isOurs = standing.type === 'absent' || standing.type === 'link';
      yield {
        severity: 'problem',
        path,
        message: words,
        remedy: isOurs
          ? `ln -sfn ${shellWord(target)} ${at}`
          : `move what is in it, then: mv ${at} elsewhere; ln -s ${shellWord(target)} ${at}`,
        ...(isOurs && {
          repair: {
            when: 'safe',
            order: ORDER.names,
            plan: ({ draft }) => {
              draft.link(path, target);
            },
          } as const,
        }),
      };
    }
  },
};

/** A link by other words, as long as it leads to the same place in this site. */
function leadsThere({ walker }: Host, path: Bytes, leadsTo: Bytes): boolean {
  try {
    const one = walker.tryLocate(path, { follow: true })?.path;
    return one !== undefined && one === walker.tryLocate(leadsTo, { follow: true })?.path;
  } catch {
    // it leads out of the site
    return false;
  }
}

export const siteRoot: HostCheck = {
  id: 'site-root',
  what: 'links that were written when the site stood elsewhere',
  *run(examination) {
    const { host, receipts } = examination;
    const here = printable(host.site.root);
    const cause = 'the site was moved, or copied, after they were made';
    const remedy = `xh doctor --fix writes them for ${here}`;
    for (const root of formerRoots(host, receipts)) {
      const base = { severity: 'problem', path: b`/`, cause, remedy } as const;
      const inTrees = movedLinks(examination, root);
      if (inTrees.length > 0) {
        yield {
          ...base,
          message: `links between the trees (${inTrees.length}) lead to ${printable(root)}, and the site is ${here} now`,
          repair: {
            when: 'safe',
            order: ORDER.names,
            plan: (planning) => {
              for (const { path, target } of movedLinks(examination, root))
                planning.draft.link(path, target);
              rewriteReceipts(planning, root);
            },
          },
        };
      }
      yield {
        ...base,
        message: `links of packages lead to ${printable(root)}, and the site is ${here} now`,
        repair: {
          when: 'safe',
          order: ORDER.packages,
          plan: (planning) => {
            activateAll(planning, examination, root);
          },
        },
      };
    }
  },
};

/** Other roots that the links of receipts, by what they were written, are below. */
function formerRoots({ site }: Host, receipts: readonly PackageReceipt[]): readonly Bytes[] {
  const software = softwarePath(site);
  const roots = new Set<Bytes>();
  for (const { name, links } of receipts) {
    for (const { target } of links) {
      if (isWithin(software, target)) continue;
      const at = target.lastIndexOf(b`/software/${name}/`);
      if (at >= 0) roots.add(slice(target, 0, at) || b`/`);
    }
  }
  return [...roots];
}

/** What a target below another root is for the root of today. */
function moved({ site }: Host, former: Bytes, target: Bytes): Bytes {
  for (const top of [b`/.software`, b`/software`]) {
    if (isWithin(join(former, top), target)) {
      return inSite(site, slice(target, former === '/' ? 0 : former.length));
    }
  }
  return target;
}

/** The links in the trees of packages that have to be written anew, with what they have to say. */
function movedLinks(
  { host, config, depot }: Examination,
  former: Bytes,
): readonly { readonly path: Bytes; readonly target: Bytes }[] {
  const found: { path: Bytes; target: Bytes }[] = [];
  for (const { directory } of depot().values()) {
    for (const { name } of siteFileTypes(config)) {
      for (const path of linksBelow(host, b`/.software/${name}/${directory}`)) {
        const place = host.walker.locate(path);
        const before = readLinkAt(place.dir, place.name);
        const target = moved(host, former, before);
        if (target !== before) found.push({ path, target });
      }
    }
  }
  return found;
}

/** What receipts say of links in the trees. */
function rewriteReceipts(planning: Planning, former: Bytes): void {
  for (const directory of planning.receipts.directories()) {
    const receipt = receiptOf(planning, directory);
    if (receipt === undefined) continue;
    const files = receipt.files.map((file) =>
      file.target === undefined
        ? file
        : { ...file, target: moved(planning.host, former, file.target) },
    );
    writeReceipt(planning, { ...receipt, files });
  }
}

/** Links and fragments of all packages written for the root of today. */
function activateAll(planning: Planning, { depot }: Examination, former: Bytes): void {
  const { host } = planning;
  for (const directory of planning.receipts.directories()) {
    const entry = depot().get(directory);
    const receipt = receiptOf(planning, directory);
    const isOurs = receipt?.links.some(({ target }) =>
      isWithin(join(former, b`/software`), target),
    );
    if (entry === undefined || isOurs !== true) continue;
    activate(planning, readPackage(host.site, entry), { current: true });
  }
}

function linksBelow({ walker }: Host, top: Bytes): readonly Bytes[] {
  const place = walker.tryLocate(top);
  if (place === undefined || statAt(place.dir, place.name)?.type !== 'd') return [];
  const [type = b``, directory = b``] = components(top).slice(1);
  const scanned = { name: type, summary: '', sharedBy: 'nobody' };
  return packageFiles(walker, [scanned], directory)
    .filter((file) => file.type === 'link')
    .map(({ path }) => path);
}
