/** What planning knows of the run as a whole. */
import type { Bytes } from '../../bytes/bytes.ts';
import type { Decision } from '../rules/decision.ts';
import { expand, objectVariables, shellScript, type ObjectVariables } from '../rules/variables.ts';
import type { After } from './change.ts';
import type { Ownership } from './wanted.ts';

export interface RunFacts {
  readonly ownership: Ownership;
  /** Absolute paths of the two roots, as their names go. */
  readonly master: Bytes;
  /** Whether links can lead into the master: not into a store. */
  readonly isLinkable?: boolean;
  readonly slave: Bytes;
  readonly host: Bytes;
  readonly arch: Bytes;
}

/** `$F`, `$P` … for the object at `path`. */
export function variablesFor(facts: RunFacts, path: Bytes): ObjectVariables {
  return objectVariables(path, facts);
}

/** What the rules want done once the object at `path` has been changed; undefined for nothing. */
export function afterChange(facts: RunFacts, path: Bytes, decision: Decision): After | undefined {
  const { exec, execOnce, log, logall } = decision;
  if (exec.length === 0 && execOnce.length === 0 && !log && !logall) return undefined;
  const variables = variablesFor(facts, path);
  return {
    exec: exec.map((command) => shellScript(command, variables)),
    // of no object: the same for all that ask for it
    once: execOnce.map((command) => shellScript(command, variablesFor(facts, '' as Bytes))),
    log: log || logall,
  };
}

/** Where the link that stands for the object at `path` points. */
export function linkTarget(facts: RunFacts, path: Bytes, decision: Decision): Bytes {
  const source =
    decision.source === undefined
      ? facts.master
      : expand(decision.source, variablesFor(facts, path));
  return (source.endsWith('/') ? `${source}${path}` : `${source}/${path}`) as Bytes;
}
