/** Checks of the system's files: blocks and disabled entries of packages, and what people made of them. */
import { b, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { join } from '../../bytes/path.ts';
import { MADE_BY_US } from '../../export/block-spec.ts';
import { removeBlock } from '../../export/block-remove.ts';
import { blockHash, textsOf } from '../../export/block-text.ts';
import { readLines, joinLines, type Line } from '../../export/lines.ts';
import { beginMarker, endMarker, findBlocks } from '../../export/markers.ts';
import { fragmentStanding } from '../../export/planFragments.ts';
import type { Host } from '../../host/transaction.ts';
import { readPackage } from '../../package/read.ts';
import { inSite } from '../../site/site.ts';
import { activate } from '../activate.ts';
import { draftEdits, fragmentOwner, viewOf } from '../fragments.ts';
import type { PackageReceipt } from '../receipt-set.ts';
import { shellWord } from '../shell-word.ts';
import { unlessRefused } from '../../message/error.ts';
import { contentOf, namesIn, type Examination } from './examination.ts';
import { ORDER, type Finding, type HostCheck } from './finding.ts';
import { whenUninstalled } from './history.ts';

const COMMENT = b`#`;

export const markers: HostCheck = {
  id: 'markers',
  what: 'markers of blocks in system files that do not pair: packages that use the file are stuck',
  *run(examination) {
    for (const [path, lines] of filesWithMarkers(examination)) {
      const { problems } = findBlocks(textsOf(lines), COMMENT);
      const mended =
        problems.length === 0 ? undefined : completed(lines, path, examination.receipts);
      for (const { line, message } of problems) {
        yield {
          severity: 'problem',
          path,
          line,
          message: `${printable(path)}:${line}: ${message}`,
          cause: 'somebody, or some program, has edited the file',
          remedy: `restore the pair of BEGIN and END lines, or delete what is left of the block: editor +${line} ${shellWord(inSite(examination.host.site, path))}`,
          ...(mended !== undefined && {
            repair: {
              when: 'safe',
              order: ORDER.packages,
              plan: ({ draft }) => {
                draft.write(path, mended);
              },
            } as const,
          }),
        };
      }
    }
  },
};

/**
 * The text with the one marker put back that is missing, where the lines of the block stand beside the
 * other as the receipt has them.
 */
function completed(
  lines: readonly Line[],
  path: Bytes,
  receipts: readonly PackageReceipt[],
): Bytes | undefined {
  let now = [...lines];
  for (const { name, fragments } of receipts) {
    const ours = fragments.find((each) => each.path === path)?.lines;
    if (ours === undefined || ours.length === 0) continue;
    const texts = textsOf(now);
    const [begin, end] = [texts.indexOf(beginMarker(name)), texts.indexOf(endMarker(name))];
    if (begin >= 0 === end >= 0) continue;
    const first = begin >= 0 ? begin + 1 : end - ours.length;
    if (first < 0 || !ours.every((text, i) => texts[first + i] === text)) continue;
    const lineEnd = now[Math.max(begin, end)]?.end ?? '\n';
    const marker = { text: begin >= 0 ? endMarker(name) : beginMarker(name), end: lineEnd } as Line;
    const place = begin >= 0 ? first + ours.length : first;
    now = [...now.slice(0, place), marker, ...now.slice(place)];
  }
  return findBlocks(textsOf(now), COMMENT).problems.length === 0 ? joinLines(now) : undefined;
}

export const orphans: HostCheck = {
  id: 'orphans',
  what: 'blocks of packages that are not installed, and stock entries that such have disabled',
  *run(examination) {
    const { host, receipts, damaged } = examination;
    const installed = new Set<Bytes>(receipts.map(({ name }) => name));
    // whose block it is cannot be said while a receipt is damaged
    if (damaged.length > 0) return;
    for (const [path, lines] of filesWithMarkers(examination)) {
      const { blocks, problems } = findBlocks(textsOf(lines), COMMENT);
      if (problems.length > 0) continue;
      const owners = new Map<Bytes, number>();
      for (const { package: owner, begin } of blocks) owners.set(owner, begin + 1);
      for (const [index, { text }] of lines.entries()) {
        const [, owner] = /^#xhier:disabled-by ([^ \t#]+)# /.exec(text) ?? [];
        if (owner !== undefined && !owners.has(owner as Bytes))
          owners.set(owner as Bytes, index + 1);
      }
      for (const [owner, line] of owners) {
        if (!installed.has(owner)) yield orphan(host, path, line, owner);
      }
    }
  },
};

function orphan(host: Host, path: Bytes, line: number, owner: Bytes): Finding {
  const cause = whenUninstalled(host, owner);
  const name = toText(owner);
  return {
    severity: 'problem',
    path,
    line,
    package: owner,
    message: `${printable(path)}:${line}: a block, or a disabled entry, of ${printable(owner)}, which is not installed`,
    cause:
      cause === undefined
        ? 'its receipt was lost, or the file is that of another host'
        : `${cause}; the file was put back since`,
    remedy:
      cause === undefined
        ? `to have it: xh install ${name}   to be rid of it: xh doctor --fix --yes ${name}`
        : `xh doctor --fix ${name}`,
    repair: {
      when: cause === undefined ? 'asked' : 'safe',
      order: ORDER.packages,
      plan: (planning) => {
        const view = viewOf(planning);
        const object = view.read(path);
        if (object.type !== 'file') return;
        const texts = textsOf(readLines(object.content));
        const mine = findBlocks(texts, COMMENT).blocks.find((each) => each.package === owner);
        const inside = mine === undefined ? [] : texts.slice(mine.begin + 1, mine.end);
        const record = {
          kind: 'orphan',
          name: owner,
          path,
          sha256: blockHash(owner, inside, COMMENT),
          created: false,
          lines: inside,
        };
        const result = removeBlock(LINES, fragmentOwner(host.site, owner, undefined), record, view);
        planning.conflicts.push(
          ...result.conflicts,
          ...draftEdits(planning.draft, host.site, result.edits),
        );
      },
    },
  };
}

export const merged: HostCheck = {
  id: 'merged',
  what: 'what installed packages have in system files: gone, or edited since',
  needsTrees: true,
  *run({ host, receipts, planning, depot }) {
    const view = viewOf(planning);
    for (const receipt of receipts) {
      const { package: directory, name, fragments, current } = receipt;
      const owner = fragmentOwner(host.site, name, undefined);
      for (const record of fragments) {
        const standing = fragmentStanding(record, owner, view);
        if (standing?.is !== 'missing' && standing?.is !== 'edited') continue;
        const { path } = record;
        const base = { path, package: directory } as const;
        const shown = printable(path);
        if (standing.is === 'edited') {
          // damaged markers are a finding of their own
          if (standing.why !== undefined) continue;
          const { line } = standing;
          yield {
            ...base,
            severity: 'note',
            ...(line !== undefined && { line }),
            message: `${shown}${line === undefined ? '' : `:${line}`}: what ${printable(directory)} put there was edited since, and is kept so`,
            remedy: `to have the package's own: delete it, then xh install ${toText(directory)}`,
          };
          continue;
        }
        yield {
          ...base,
          severity: 'problem',
          message: `${shown} has no longer what ${printable(directory)} put there (export/${printable(record.name)})`,
          cause: 'the file was replaced, or the lines were deleted',
          remedy: `xh install ${toText(directory)}`,
          ...(current &&
            depot().has(directory) && {
              repair: {
                when: 'safe',
                order: ORDER.packages,
                plan: (again) => {
                  activate(again, readPackage(host.site, directory), { current: true });
                },
              } as const,
            }),
        };
      }
    }
  },
};

export const accountNumbers: HostCheck = {
  id: 'account-numbers',
  what: 'names and numbers of accounts and groups that two have, one of them of a package',
  *run({ host, receipts }) {
    for (const [path, what] of [
      [b`/etc/passwd`, 'account'],
      [b`/etc/group`, 'group'],
    ] as const) {
      const ours = new Set(
        receipts
          .flatMap(({ fragments }) =>
            fragments.filter((each) => each.path === path).flatMap(({ lines }) => lines ?? []),
          )
          .map((text) => text.split(':')[0] ?? ''),
      );
      const seen = new Map<string, { readonly name: string; readonly line: number }>();
      const texts = textsOf(readLines(contentOf(host, path) ?? b``));
      for (const [index, text] of texts.entries()) {
        const [name = '', , id = ''] = text.split(':');
        if (name === '' || !/^\d+$/.test(id)) continue;
        for (const [key, why] of [
          [`name ${name}`, `two ${what}s are called '${name}'`],
          [`number ${id}`, `has the number ${id} of`],
        ] as const) {
          const other = seen.get(key);
          if (other === undefined) {
            seen.set(key, { name, line: index + 1 });
            continue;
          }
          const sameName = key.startsWith('name ');
          if (!ours.has(name) && !ours.has(other.name)) continue;
          if (!sameName && other.name === name) continue;
          yield {
            severity: 'problem',
            path,
            line: index + 1,
            message: sameName
              ? `${printable(path)}:${index + 1}: ${why}, the other in line ${other.line}`
              : `${printable(path)}:${index + 1}: '${name}' ${why} '${other.name}' (line ${other.line})`,
            cause: 'it was added by hand, or by another program, after the package brought its own',
            remedy: sameName
              ? `delete one of the two lines: vi${what === 'account' ? 'pw' : 'gr'}`
              : `give the one that is newer another: ${what === 'account' ? 'usermod -u' : 'groupmod -g'} NUMBER ${ours.has(name) ? other.name : name}`,
          };
        }
      }
    }
  },
};

/** Any kind of block does: its lines are taken as they are. */
const LINES = { comment: COMMENT, headers: [MADE_BY_US] };

/** Largest file that is looked into. */
const MOST = 4 * 1024 * 1024;
const DIRECTORIES: readonly Bytes[] = [b`/etc`, b`/etc/cron.d`, b`/var/spool/cron/crontabs`];

/** Files of the system in which there are marks of ours, with their lines. */
function* filesWithMarkers({
  host,
  receipts,
}: Examination): Generator<readonly [Bytes, readonly Line[]]> {
  const paths = new Set<Bytes>();
  for (const directory of DIRECTORIES) {
    for (const name of namesIn(host, directory)) paths.add(join(directory, name));
  }
  for (const { fragments } of receipts) {
    for (const { path, lines, kind } of fragments) {
      if (lines !== undefined && kind !== 'patches') paths.add(path);
    }
  }
  for (const path of paths) {
    // what is not for us to read, or leads out of the site, is passed over
    const stat = unlessRefused(() => host.walker.stat(path, { follow: true }));
    if (stat?.type !== 'f' || stat.size > MOST) continue;
    const content = unlessRefused(() => contentOf(host, path));
    if (content === undefined || !/^# (?:BEGIN|END) xhier |^#xhier:disabled-by /m.test(content))
      continue;
    yield [path, readLines(content)];
  }
}
