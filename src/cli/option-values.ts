/** Option values with their types made sure of. */
import type { OptionValues } from './command.ts';

/** `{ NAME: value }` when the option was given, else nothing: to be spread. */
export function textOption<Name extends string, T>(
  options: OptionValues,
  name: Name,
  read: (text: string) => T,
): { readonly [K in Name]?: T } {
  const value = options[name];
  return typeof value === 'string' ? ({ [name]: read(value) } as { [K in Name]: T }) : {};
}
