/**
 * What the farms must remember besides the links themselves: who else wants a name that somebody
 * has, and what the site prefers.
 */
import { b, bytes, type Bytes } from '../bytes/bytes.ts';
import type { Draft, RecordForm } from '../host/draft.ts';
import { readRecord, toJsonText } from '../host/json.ts';
import type { Candidate } from './settle.ts';

/** For each contested path everybody who wants it, the one who has it among them. */
export type Contested = Map<Bytes, readonly Candidate[]>;

/** Preferences: name (or path) in a farm → package. */
export type Preferences = Map<Bytes, Bytes>;

const STATE = b`/.software/local/.admin/farm.json`;
const PREFERENCES = b`/.software/local/.admin/preferences.json`;

/** The contested paths; what a planner changes there is written with the plan. @throws XhError E_RECORD */
export function contestedIn(draft: Draft): Contested {
  return draft.record(STATE, CONTESTED);
}

/** The site's own choices; what is changed there is written with the plan. @throws XhError E_RECORD */
export function preferencesIn(draft: Draft): Preferences {
  return draft.record(PREFERENCES, PREFERRED);
}

interface StateForm {
  readonly format: 1;
  readonly contested: readonly { readonly path: Bytes; readonly by: readonly Candidate[] }[];
}

const CONTESTED: RecordForm<Contested> = {
  parse(content) {
    if (content === undefined) return new Map();
    const { contested } = readRecord(STATE, content) as StateForm;
    return new Map(contested.map(({ path, by }) => [path, by]));
  },
  print(contested) {
    if (contested.size === 0) return undefined;
    const sorted = [...contested]
      .toSorted(byKey)
      .map(([path, by]) => ({ path, by: by.map(inOrder) }));
    return bytes(`${toJsonText({ format: 1, contested: sorted } satisfies StateForm)}\n`);
  },
};

/** The same candidate is the same text, whoever made it. */
function inOrder({ package: name, priority, class: linkClass, target }: Candidate): Candidate {
  return { package: name, priority, class: linkClass, target };
}

interface PreferencesForm {
  readonly format: 1;
  readonly prefer: readonly { readonly name: Bytes; readonly package: Bytes }[];
}

const PREFERRED: RecordForm<Preferences> = {
  parse(content) {
    if (content === undefined) return new Map();
    const { prefer } = readRecord(PREFERENCES, content) as PreferencesForm;
    return new Map(prefer.map((entry) => [entry.name, entry.package]));
  },
  print(preferences) {
    if (preferences.size === 0) return undefined;
    const prefer = [...preferences]
      .toSorted(byKey)
      .map(([name, provider]) => ({ name, package: provider }));
    return bytes(`${toJsonText({ format: 1, prefer } satisfies PreferencesForm)}\n`);
  },
};

function byKey([one]: readonly [Bytes, unknown], [other]: readonly [Bytes, unknown]): number {
  return one < other ? -1 : 1;
}
