/**
 * What the farms must remember besides the links themselves: who else wants a name that somebody
 * has, and what the site prefers.
 */
import { b, bytes, toText, type Bytes } from '../bytes/bytes.ts';
import { fromJsonText, toJsonText } from '../host/json.ts';
import type { Draft } from '../host/draft.ts';
import type { Candidate } from './settle.ts';

export interface FarmState {
  readonly format: 1;
  /** For each contested path everybody who wants it, the one who has it among them. */
  readonly contested: ReadonlyMap<Bytes, readonly Candidate[]>;
}

/** Preferences: name (or path) in a farm → package. */
export type Preferences = ReadonlyMap<Bytes, Bytes>;

const STATE = b`/.software/local/.admin/farm.json`;
const PREFERENCES = b`/.software/local/.admin/preferences.json`;

interface StateForm {
  readonly format: 1;
  readonly contested: readonly { readonly path: Bytes; readonly by: readonly Candidate[] }[];
}

interface PreferencesForm {
  readonly format: 1;
  readonly prefer: readonly { readonly name: Bytes; readonly package: Bytes }[];
}

export function readFarmState(draft: Draft): FarmState {
  const file = draft.read(STATE);
  if (file === undefined) return { format: 1, contested: new Map() };
  const form = fromJsonText(toText(file.content)) as StateForm;
  return {
    format: 1,
    contested: new Map(form.contested.map(({ path, by }) => [path, by])),
  };
}

export function writeFarmState(draft: Draft, state: FarmState): void {
  const form: StateForm = {
    format: 1,
    contested: [...state.contested]
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([path, by]) => ({ path, by })),
  };
  if (form.contested.length === 0) {
    if (draft.look(STATE).type === 'file') draft.remove(STATE, { bookkeeping: true });
    return;
  }
  draft.write(STATE, bytes(`${toJsonText(form)}\n`), { bookkeeping: true });
}

export function readPreferences(draft: Draft): Preferences {
  const file = draft.read(PREFERENCES);
  if (file === undefined) return new Map();
  const form = fromJsonText(toText(file.content)) as PreferencesForm;
  return new Map(form.prefer.map((entry) => [entry.name, entry.package]));
}

export function writePreferences(draft: Draft, preferences: Preferences): void {
  const form: PreferencesForm = {
    format: 1,
    prefer: [...preferences]
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, provider]) => ({ name, package: provider })),
  };
  draft.write(PREFERENCES, bytes(`${toJsonText(form)}\n`), { bookkeeping: true });
}
