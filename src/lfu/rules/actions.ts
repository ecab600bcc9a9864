/**
 * The table of actions: one object each, all of one shape. A new action is a new entry here (and,
 * when it decides something new, a field of Effect and Decision).
 */
import { b, type Bytes } from '../../bytes/bytes.ts';
import type { Disposition, Effect, Flag } from './decision.ts';
import { lookUp } from './account.ts';
import { isProblem, type Problem } from './finding.ts';
import { parseMode } from './mode.ts';
import type { RuleSources } from './object.ts';
import { LATE_VARIABLES, OBJECT_VARIABLES, type LateVariable, type Template } from './variables.ts';

export interface ActionKind {
  readonly word: string;
  /** One line for people who ask what it does. */
  readonly summary: string;
  /** `text` and `command` may be several words without quotes. */
  readonly value: 'none' | 'word' | 'text' | 'command';
  /** The variables that may stand in the value and wait for the object. */
  readonly late: readonly LateVariable[];
  /** Dispositions of the same rule with which it has no effect. */
  readonly idle: readonly Disposition[];
  /** Actions that say the opposite. */
  readonly opposes?: readonly string[];
  effect(value: Template, sources: RuleSources): Effect | Problem;
}

/** Dispositions that write no file of this name. */
const NOT_COPIED: readonly Disposition[] = ['ignore', 'delete', 'link', 'error'];

/** In the order in which they are explained. */
export const ACTIONS: readonly ActionKind[] = [
  disposition('update', 'copy when it differs, delete what the master lacks (the default)'),
  disposition('ignore', "leave the slave's as it is, with all below it"),
  disposition('delete', 'remove it from the slave, with all below it'),
  disposition('preserve', 'update, but never delete'),
  disposition('link', 'a symbolic link to the same path under the source'),
  disposition('shadow', 'copy directories, link everything else'),
  {
    word: 'error',
    summary: 'report the message; neither copy nor delete',
    value: 'text',
    late: OBJECT_VARIABLES,
    idle: [],
    effect: (message) => ({ disposition: 'error', message }),
  },
  {
    word: 'source',
    summary: 'the directory where links point',
    value: 'word',
    late: OBJECT_VARIABLES,
    idle: ['update', 'ignore', 'delete', 'preserve', 'error'],
    effect: (source) => ({ source }),
  },
  {
    word: 'chmod',
    summary: "the copy's mode, octal or symbolic",
    value: 'word',
    late: [],
    idle: ['ignore', 'delete', 'link', 'error'],
    effect(value) {
      const chmod = parseMode(textOf(value));
      return isProblem(chmod) ? chmod : { chmod };
    },
  },
  {
    word: 'chown',
    summary: "the copy's owner",
    value: 'word',
    late: [],
    idle: ['ignore', 'delete', 'error'],
    effect(value, sources) {
      const chown = lookUp('user', textOf(value), sources);
      return typeof chown === 'number' ? { chown } : chown;
    },
  },
  {
    word: 'chgrp',
    summary: "the copy's group",
    value: 'word',
    late: [],
    idle: ['ignore', 'delete', 'error'],
    effect(value, sources) {
      const chgrp = lookUp('group', textOf(value), sources);
      return typeof chgrp === 'number' ? { chgrp } : chgrp;
    },
  },
  flag('keep', 'rename what would be overwritten or deleted to NAME.lfu-keep', ['ignore', 'error']),
  {
    word: 'exec',
    summary: 'run the command after the object has been updated',
    value: 'command',
    late: LATE_VARIABLES,
    idle: ['ignore', 'delete', 'error'],
    effect: (command) => ({ exec: [command] }),
  },
  {
    word: 'exec-once',
    summary: 'run the command once, when any such object has been updated',
    value: 'command',
    late: ['S', 'M', 'HOST', 'ARCH'],
    idle: ['ignore', 'delete', 'error'],
    effect: (command) => ({ execOnce: [command] }),
  },
  flag('log', 'log any change', []),
  flag('logall', 'log any examination', []),
  flag('fill', 'write holes out', NOT_COPIED),
  flag('newtime', 'the copy keeps its own mtime', NOT_COPIED),
  { ...flag('force', 'update whatever the times say', NOT_COPIED), opposes: ['newer'] },
  {
    ...flag('newer', 'update only when the master is more recent', NOT_COPIED),
    opposes: ['force'],
  },
  flag('follow', 'treat a symbolic link as what it points to', ['ignore', 'delete', 'error']),
];

export function findAction(word: string): ActionKind | undefined {
  return BY_WORD.get(word);
}

/** The text of a value in which nothing waits. */
function textOf(value: Template): Bytes {
  return value.constant ?? b``;
}

function disposition(word: Exclude<Disposition, 'error'>, summary: string): ActionKind {
  const effect = { disposition: word };
  return { word, summary, value: 'none', late: [], idle: [], effect: () => effect };
}

function flag(word: Flag, summary: string, idle: readonly Disposition[]): ActionKind {
  const effect = { flags: [word] };
  return { word, summary, value: 'none', late: [], idle, effect: () => effect };
}

const BY_WORD: ReadonlyMap<string, ActionKind> = new Map(
  ACTIONS.map((action) => [action.word, action]),
);
