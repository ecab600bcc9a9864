/** What a package has on this host outside of the depot: its links, and its part of system files. */
import { printable, toText, type Bytes } from '../../bytes/bytes.ts';
import type { HostView, MergedFragment } from '../../export/fragment.ts';
import { fragmentStanding } from '../../export/planFragments.ts';
import { holder } from '../../farm/standing.ts';
import { contestedIn } from '../../farm/state.ts';
import type { Planning } from '../context.ts';
import { fragmentOwner } from '../fragments.ts';
import type { PackageReceipt } from '../receipt-set.ts';
import { XhError } from '../../message/error.ts';
import { shellWord } from '../shell-word.ts';
import { inSite } from '../../site/site.ts';
import type { Difference } from './difference.ts';

/** Links of the farms. One that another package won is as it should be. */
export function verifyLinks(
  { draft, host: { site } }: Planning,
  { package: directory, name, links }: PackageReceipt,
): Difference[] {
  return links.flatMap(({ path, target }): Difference[] => {
    const has = holder(draft, site, path);
    if (has.type === 'ours' && has.target === target) return [];
    const others = contestedIn(draft).get(path) ?? [];
    if (has.type === 'ours' && has.package !== name) {
      if (others.some((each) => each.package === has.package && each.target === has.target))
        return [];
    }
    const base = {
      package: directory,
      of: 'link',
      path,
      expected: `→ ${printable(target)}`,
    } as const;
    if (has.type === 'nobody') {
      return [{ ...base, kind: 'missing', remedy: `xh make-links ${toText(directory)}` }];
    }
    if (has.type === 'ours') {
      const found = `→ ${printable(has.target)}`;
      return [{ ...base, kind: 'changed', found, remedy: `xh make-links ${toText(directory)}` }];
    }
    const at = shellWord(inSite(site, path));
    return [
      {
        ...base,
        kind: 'changed',
        found: 'what xhier did not make',
        remedy: `mv ${at} elsewhere; xh make-links ${toText(directory)}`,
      },
    ];
  });
}

/** System files: what was merged into them, and is not there any more or was edited. */
export function verifyFragments(
  { host: { site } }: Planning,
  receipt: PackageReceipt,
  view: HostView,
): Difference[] {
  const { package: directory, name, fragments } = receipt;
  const owner = fragmentOwner(site, name, undefined);
  return fragments.flatMap((record): Difference[] => {
    const base = { package: directory, of: 'fragment', path: record.path } as const;
    const standing = readable(() => fragmentStanding(record, owner, view));
    if (standing instanceof XhError) {
      const remedy = standing.remedy ?? 'run it as a user who may read it';
      return [{ ...base, kind: 'unreadable', found: standing.message, remedy }];
    }
    switch (standing?.is) {
      case 'as merged':
      case 'turned off':
        return [];
      case 'missing':
        return [
          {
            ...base,
            kind: 'missing',
            expected: `what export/${printable(record.name)} says`,
            remedy: `xh install ${toText(directory)}`,
          },
        ];
      case 'edited':
        return [
          {
            ...base,
            kind: 'changed',
            ...(standing.line !== undefined && { line: standing.line }),
            found: standing.why ?? 'somebody has edited it since',
            remedy: editedRemedy(record, directory),
          },
        ];
      case undefined:
        return [
          {
            ...base,
            kind: 'unreadable',
            found: `a fragment of kind '${record.kind}', which this version does not know`,
            remedy: 'use the version of xh that installed the package, or a newer one',
          },
        ];
    }
  });
}

/** What `read` returns, or what the system or the site objects to. */
function readable<T>(read: () => T): T | XhError {
  try {
    return read();
  } catch (error) {
    if (error instanceof XhError) return error;
    throw error;
  }
}

function editedRemedy({ lines }: MergedFragment, directory: Bytes): string {
  const what = lines === undefined ? 'delete it' : 'delete those lines';
  return `it is kept as it is; to have the package's own: ${what}, then xh install ${toText(directory)}`;
}
