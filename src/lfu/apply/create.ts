/** New objects under temporary names, complete with all that they are to have. */
import { closeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { b, type Bytes } from '../../bytes/bytes.ts';
import { attributesOf, isCarried } from '../../files/attributes.ts';
import { syncFile } from '../../files/content.ts';
import type { OpenFile } from '../../files/copy.ts';
import { closeDir, openDirAt, type Dir } from '../../files/dir.ts';
import { holdAt, linkHeld, release, setTimesHeld, withHeld } from '../../files/held.ts';
import {
  createAt,
  makeDirAt,
  makeNodeAt,
  openFileAt,
  symlinkAt,
  unlinkIfPresent,
} from '../../files/names.ts';
import { giveMetadata } from '../../files/metadata.ts';
import { statOf, type ObjectStat } from '../../files/stat.ts';
import type { Identity } from '../../files/tree.ts';
import { XhError } from '../../message/error.ts';
import { attributesForMode } from '../plan/acl.ts';
import type {
  CopyChange,
  JoinChange,
  LinkChange,
  MakeChange,
  PlacedChange,
  Source,
  Wanted,
} from '../plan/change.ts';
import { compareTimes } from '../plan/wanted.ts';
import type { ApplyContext, OpenSource } from './context.ts';
import { forFilling } from './metadata.ts';

/**
 * Makes what `change` puts under its name, as `temporary` in the same directory. A failure leaves
 * nothing behind but perhaps that name.
 * @throws XhError
 */
export async function create(
  change: PlacedChange,
  temporary: Bytes,
  context: ApplyContext,
): Promise<Identity> {
  switch (change.kind) {
    case 'copy':
      return createFile(change, temporary, context);
    case 'make':
      return change.type === 'd'
        ? createDirectory(change, temporary, context)
        : createNode(change, temporary, context);
    case 'link':
      return createLink(change, temporary, context);
    case 'join':
      return createName(change, temporary, context);
  }
}

async function createFile(
  change: CopyChange,
  temporary: Bytes,
  context: ApplyContext,
): Promise<Identity> {
  for (let attempt = 1; ; attempt++) {
    const made = await tryFile(change, temporary, context);
    if (made !== undefined) return made;
    unlinkIfPresent(context.slave.open(change.at), temporary);
    if (attempt === ATTEMPTS) {
      throw new XhError('E_LFU_CHANGING', 'it changes while it is read: left as it was', {
        remedy: 'run the command again when nothing writes to it',
      });
    }
  }
}

/** @returns undefined when the master's file changed while it was read */
async function tryFile(
  change: CopyChange,
  temporary: Bytes,
  context: ApplyContext,
): Promise<Identity | undefined> {
  const { slave, copier, pace, fsync } = context;
  const source = context.openSource?.(change.from) ?? (await openSource(change.from, context));
  try {
    const dir = slave.open(change.at);
    const path = b`${dir.path}/${temporary}`;
    const fd = createAt(dir, temporary, 0o600);
    try {
      const created = statOf(fd, path);
      const target: OpenFile = { fd, path, device: created.device };
      const options = { fill: change.fill, step: pace.step };
      const copying = copier.copy(source, target, source.stat.size, options);
      let step = copying.next();
      for (; step.done !== true; step = copying.next()) {
        const pause = pace.spend(step.value);
        if (pause !== undefined) await pause;
      }
      const isWhole =
        step.value &&
        (source.isFixed === true || isSameState(statOf(source.fd, source.path), source.stat));
      if (!isWhole) return undefined;
      giveMetadata(
        { fd, path, isOpen: true },
        created,
        freshWant(change, source, context),
        context.privileged,
      );
      if (change.want.mtime === undefined) keepOwnTime(target, source.stat);
      if (fsync) syncFile(fd, path);
      return created;
    } finally {
      closeSync(fd);
    }
  } finally {
    closeSync(source.fd);
  }
}

async function openSource(from: Source, { master }: ApplyContext): Promise<OpenSource> {
  const dir = master.open(from.place);
  const path = b`${dir.path}/${from.name}`;
  const fd = openFileAt(dir, from.name, { quiet: true });
  try {
    const stat = statOf(fd, path);
    const { mode, uid, gid, type } = from.stat;
    // who may read it has changed, and perhaps what the rules say
    if (stat.type !== type || stat.mode !== mode || stat.uid !== uid || stat.gid !== gid) {
      throw new XhError('E_LFU_CHANGED', 'it has become another object on the master', {
        remedy: 'run the command again',
      });
    }
    // as long as the clock shows the time of its last change, another one would not show
    if (Math.abs(Date.now() - stat.mtime.seconds * 1000 - stat.mtime.nanoseconds / 1e6) < TICK) {
      await setTimeout(TICK);
    }
    return { fd, path, device: stat.device, stat };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function isSameState(one: ObjectStat, other: ObjectStat): boolean {
  return (
    one.size === other.size &&
    compareTimes(one.mtime, other.mtime) === 0 &&
    compareTimes(one.ctime, other.ctime) === 0
  );
}

/** What the copy is to have when the master's file was changed after it was planned for. */
function freshWant(
  { want, from }: CopyChange,
  source: OpenSource,
  { privileged }: ApplyContext,
): Wanted {
  if (source.isFixed === true || isSameState(source.stat, from.stat)) return want;
  const attributes = new Map(
    [...attributesOf(source.fd, source.path)].filter(([name]) => isCarried(name, privileged)),
  );
  return {
    ...want,
    mtime: want.mtime === undefined ? undefined : source.stat.mtime,
    attributes: want.mode === undefined ? attributes : attributesForMode(attributes, want.mode),
  };
}

/** A clock that is behind the master's would let the copy be out of date for ever. */
function keepOwnTime(target: OpenFile, master: ObjectStat): void {
  const own = statOf(target.fd, target.path);
  if (compareTimes(own.mtime, master.mtime) < 0) setTimesHeld(target, { mtime: master.mtime });
}

function createDirectory(change: MakeChange, temporary: Bytes, context: ApplyContext): Identity {
  const parent = context.slave.open(change.at);
  makeDirAt(parent, temporary, 0o700);
  const dir = openDirAt(parent, temporary);
  try {
    const found = statOf(dir.fd, dir.path);
    giveMetadata(dir, found, forFilling(change.want, context), context.privileged);
    return found;
  } finally {
    closeDir(dir);
  }
}

function createNode(change: MakeChange, temporary: Bytes, context: ApplyContext): Identity {
  const dir = context.slave.open(change.at);
  makeNodeAt(dir, temporary, NODE_TYPE[change.type] | 0o600, change.major, change.minor);
  return finishCreated(change, dir, temporary, context);
}

function createLink(change: LinkChange, temporary: Bytes, context: ApplyContext): Identity {
  const dir = context.slave.open(change.at);
  symlinkAt(dir, temporary, change.target);
  return finishCreated(change, dir, temporary, context);
}

function finishCreated(
  change: MakeChange | LinkChange,
  dir: Dir,
  temporary: Bytes,
  context: ApplyContext,
): Identity {
  return withHeld(dir, temporary, (held, found) => {
    // in a directory of somebody who wants it, another object may stand there by now
    const isOurs =
      found.type === change.type && found.links === 1 && found.uid === process.geteuid?.();
    if (!isOurs) throw new XhError('E_LFU_CHANGED', 'somebody else changes it at the same time');
    giveMetadata(held, found, change.want, context.privileged);
    return found;
  });
}

function createName(change: JoinChange, temporary: Bytes, context: ApplyContext): Identity {
  const { slave, made } = context;
  const { to } = change;
  const wanted = to.made === undefined ? to.identity : made.get(to.made);
  if (wanted === undefined) {
    throw new XhError('E_LFU_JOIN', 'its other name could not be copied', {
      remedy: 'see what is said about that one',
    });
  }
  const held = holdAt(slave.open(to.at), to.name);
  try {
    const found = statOf(held.fd, held.path);
    if (found.inode !== wanted.inode || found.device !== wanted.device) {
      throw new XhError('E_LFU_CHANGED', 'somebody else changed its other name during the run', {
        remedy: 'run the command again',
      });
    }
    linkHeld(held, slave.open(change.at), temporary);
    return found;
  } finally {
    release(held);
  }
}

const ATTEMPTS = 3;
/** Milliseconds; file times go by the kernel's clock ticks. */
const TICK = 20;
/** Types of mknod(2). */
const NODE_TYPE: Readonly<Record<MakeChange['type'], number>> = {
  p: 0o010000,
  c: 0o020000,
  d: 0o040000,
  b: 0o060000,
  s: 0o140000,
};
