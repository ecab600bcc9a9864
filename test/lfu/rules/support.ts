/** A site in memory, and objects to apply rules to. */
import { bytes, type Bytes } from '../../../src/bytes/bytes.ts';
import { DiagnosticError, formatDiagnostic } from '../../../src/message/diagnostic.ts';
import { DEFAULT, type Decision } from '../../../src/lfu/rules/decision.ts';
import { compileRules, type RuleSet } from '../../../src/lfu/rules/evaluator.ts';
import type { RuleObject, RuleSources } from '../../../src/lfu/rules/object.ts';
import type { ScriptText } from '../../../src/lfu/rules/syntax.ts';

export const NOW = Date.UTC(2024, 5, 15, 12) / 1000;
export const DAY = 86_400;

export interface Site {
  readonly files?: Readonly<Record<string, string>>;
  readonly users?: Readonly<Record<string, number>>;
  readonly groups?: Readonly<Record<string, number>>;
  readonly netgroups?: Readonly<Record<string, readonly string[]>>;
  readonly host?: string;
  readonly arch?: string;
}

export function sources(site: Site = {}): RuleSources {
  const users = { root: 0, ...site.users };
  const groups = { wheel: 10, ...site.groups };
  const text = (path: Bytes): Bytes | undefined => {
    const found = Object.entries(site.files ?? {}).find(([name]) => bytes(name) === path);
    return found && bytes(found[1]);
  };
  const lookUp = (table: Readonly<Record<string, number>>, name: Bytes): number | undefined =>
    Object.entries(table).find(([known]) => bytes(known) === name)?.[1];
  return {
    readScript: text,
    readList: text,
    netgroup: (name) => site.netgroups?.[name]?.map(bytes),
    user: (name) => lookUp(users, name),
    group: (name) => lookUp(groups, name),
    users: () => Object.keys(users).map(bytes),
    groups: () => Object.keys(groups).map(bytes),
    now: NOW,
    host: bytes(site.host ?? 'alpha'),
    arch: bytes(site.arch ?? 'linux-x86_64'),
  };
}

export function script(text: string, file = 'rules'): ScriptText {
  return { file: bytes(file), text: bytes(text) };
}

export function rules(text: string, site: Site = {}): RuleSet {
  return compileRules(script(text), sources(site));
}

export function object(path: string, more: Partial<RuleObject> = {}): RuleObject {
  const whole = bytes(path);
  return {
    name: whole.slice(whole.lastIndexOf('/') + 1) as Bytes,
    path: whole,
    type: 'f',
    mode: 0o644,
    uid: 1000,
    gid: 1000,
    size: 100,
    links: 1,
    mtime: NOW - 10 * DAY,
    atime: NOW - 5 * DAY,
    ...more,
  };
}

/** What one script decides on one object. */
export function decide(text: string, on: RuleObject, site: Site = {}): Decision {
  return rules(text, site).decide(on);
}

/** Whether a condition holds for an object. */
export function holds(condition: string, on: RuleObject, site: Site = {}): boolean {
  return decide(`${condition} { ignore; }`, on, site) !== DEFAULT;
}

/** What a person is told about a script that is wrong. */
export function complaints(text: string, site: Site = {}): string {
  try {
    rules(text, site);
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics.map(formatDiagnostic).join('\n');
    throw error;
  }
  return '';
}

export function warnings(text: string, site: Site = {}): string {
  return rules(text, site).warnings.map(formatDiagnostic).join('\n');
}
