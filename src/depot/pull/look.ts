/** What is offered of a package against what stands here: which trees are right, and which are not. */
import { b, printable, type Bytes } from '../../bytes/bytes.ts';
import { openKnownFiles, type KnownFiles } from '../../distribute/known-files.ts';
import { fingerprintOf, type Fingerprint } from '../../distribute/publish/fingerprint.ts';
import type { Hash } from '../../distribute/store/hash.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { readAccounts } from '../../site/accounts.ts';
import { isHostsOwn } from '../../site/file-types.ts';
import { knownFilesPath, knownTreesPath } from '../pulled.ts';
import { openTreeRecord, type PublishRecord } from '../store/publish-record.ts';
import {
  isCurrent,
  isRecorded,
  standingAt,
  typeRoot,
  type Looking,
  type Standing,
} from './local.ts';
import type { Offer } from './offers.ts';
import type { PullOutcome } from './outcome.ts';
import type { Looked } from './pulling.ts';
import type { WantedTree } from './select.ts';

export interface SeenTree {
  readonly wanted: WantedTree;
  readonly root: Bytes;
  readonly standing: Standing;
  /** What it is here, when that is known without a look into it. */
  readonly here?: Hash;
}

export interface Seen {
  readonly offer: Offer;
  readonly looking: Looking;
  readonly knownFiles: KnownFiles;
  readonly knownTrees: PublishRecord;
  readonly current: readonly SeenTree[];
  readonly stale: readonly SeenTree[];
}

/** What the file system says of the tree at a path; undefined when none is there. */
function printOf(path: Bytes, { walker, accounts }: Looking): Fingerprint | undefined {
  const place = walker.tryLocate(path);
  return place === undefined ? undefined : fingerprintOf(place.dir, place.name, accounts);
}

/** @throws XhError E_PULL_PLACE when something else stands there; FileError */
export function look(offer: Offer, { config, walker, rules, toCopy }: Looked): Seen | 'attached' {
  const accounts = readAccounts();
  const knownFiles = openKnownFiles(walker, knownFilesPath(offer.directory));
  const looking: Looking = { walker, accounts, ...knownFiles };
  const knownTrees = openTreeRecord(walker, knownTreesPath(offer.directory));
  const current: SeenTree[] = [];
  const stale: SeenTree[] = [];
  for (const wanted of offer.trees) {
    const root = typeRoot(config, wanted);
    const path = b`${root}/${offer.directory}`;
    if (isHostsOwn(wanted.type)) {
      // it is looked at by whoever adds to it, and only when the publisher has changed it
      const known = offer.pulled?.trees.some(
        ({ name, tree }) => name === wanted.name && tree === wanted.root,
      );
      (known === true ? current : stale).push({ wanted, root, standing: { is: 'absent' } });
      continue;
    }
    const looked = Date.now();
    const print = printOf(path, looking);
    const here = print === undefined ? undefined : knownTrees.root(wanted.name, print);
    if (here !== undefined && isRecorded(wanted, here, offer.pulled, rules?.digest)) {
      knownFiles.keep(path);
      current.push({ wanted, root, standing: { is: 'absent' }, here });
      continue;
    }
    let standing = standingAt(path, looking);
    if (standing.is === 'tree' && print?.text === printOf(path, looking)?.text && print) {
      knownTrees.learn(wanted.name, print, standing.tree.root, looked);
    }
    if (standing.is === 'link') {
      if (!toCopy.has(offer.directory)) return 'attached';
      standing = { is: 'absent' };
    }
    if (standing.is === 'other') throw inTheWay(path);
    const isRight = isCurrent(wanted, standing, offer.pulled, rules?.digest);
    (isRight ? current : stale).push({ wanted, root, standing });
  }
  return { offer, looking, knownFiles, knownTrees, current, stale };
}

export function isNewHere({ current, stale }: Seen): boolean {
  return [...current, ...stale]
    .filter(({ wanted }) => !isHostsOwn(wanted.type))
    .every(({ standing, here }) => standing.is === 'absent' && here === undefined);
}

export function aboutOf({ directory, believed, pulled }: Offer) {
  const { version } = believed.head;
  return {
    package: directory,
    ...(version !== undefined && { version }),
    ...(pulled !== undefined && { before: pulled.revision, revision: pulled.revision }),
  };
}

export function revisionOf({ believed }: Offer): number {
  return believed.head.revision;
}

export function attached(about: ReturnType<typeof aboutOf>): PullOutcome {
  return { ...about, result: 'attached', message: 'it is another tree by a link' };
}

function inTheWay(path: Bytes): XhError {
  return new XhError(
    'E_PULL_PLACE',
    `${printable(path)} is no directory: no tree can stand there`,
    {
      exit: EXIT.refused,
      place: { file: path },
      remedy: 'move it away, and pull again',
    },
  );
}
