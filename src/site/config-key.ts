/** The shape of one key of `/etc/xhier.toml`; the keys themselves stand in `config-keys.ts`. */
import type { ValueKind } from './config-values.ts';

export interface ConfigKey<T> {
  readonly kind: ValueKind<Exclude<T, undefined>>;
  /** A table in the file adds to a default that is a table, entry by entry. */
  readonly default: T;
  readonly summary: string;
  /** Environment variable that overrides the file. */
  readonly environment?: string;
  /** Command line option that overrides both. */
  readonly option?: string;
}

/** A definition as it is, its type made sure of. */
export function key<T>(definition: ConfigKey<T>): ConfigKey<T> {
  return definition;
}
