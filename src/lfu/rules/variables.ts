/**
 * Variables in values. Those of `set`, and what is known of the site, are replaced when a script is
 * read; those of the object at hand (`$F` …) stay in a {@link Template} until there is one.
 */
import { b, printable, split, type Bytes } from '../../bytes/bytes.ts';
import { dirname, join } from '../../bytes/path.ts';
import { nearest } from '../../message/nearest.ts';
import { problem, type Problem } from './finding.ts';
import { advanceShell, inSingleQuotes, splitsWords, type ShellState } from './shell.ts';
import { spanText, type Part, type Span, type Value } from './syntax.ts';

/** Slave path, path below the tree, name, directory of the slave path, slave root, master root. */
export const OBJECT_VARIABLES = ['F', 'P', 'N', 'D', 'S', 'M'] as const;
/** Those that commands find in their environment. */
export const LATE_VARIABLES = [...OBJECT_VARIABLES, 'HOST', 'ARCH'] as const;
export type LateVariable = (typeof LATE_VARIABLES)[number];

export type ObjectVariables = Readonly<Record<LateVariable, Bytes>>;

export type TemplatePart =
  | { readonly kind: 'text'; readonly text: Bytes }
  | {
      readonly kind: 'variable';
      readonly name: LateVariable;
      /** In a command: outside of double quotes, so that it needs some. */
      readonly bare: boolean;
    };

/** A value that may wait for the object that it is about. */
export interface Template {
  readonly parts: readonly TemplatePart[];
  /** The whole text, when it waits for nothing. */
  readonly constant?: Bytes;
}

/** The variables for the object at `path` (below the tree) of a run from `master` to `slave`. */
export function objectVariables(
  path: Bytes,
  run: {
    readonly slave: Bytes;
    readonly master: Bytes;
    readonly host: Bytes;
    readonly arch: Bytes;
  },
): ObjectVariables {
  const file = join(run.slave, path);
  const name = path.slice(path.lastIndexOf('/') + 1) as Bytes;
  return {
    F: file,
    P: path,
    N: name,
    D: dirname(file),
    S: run.slave,
    M: run.master,
    HOST: run.host,
    ARCH: run.arch,
  };
}

/** The text of `template`: a link's source, a message, a command as a log shows it. */
export function expand(template: Template, variables: ObjectVariables): Bytes {
  if (template.constant !== undefined) return template.constant;
  return template.parts
    .map((part) => (part.kind === 'text' ? part.text : variables[part.name]))
    .join('') as Bytes;
}

/**
 * What `/bin/sh` is to run for the command `template`: the variables are set (and exported) in
 * front, quoted, and the command refers to them, each reference within double quotes. So no name
 * of a file, whatever it contains, can become a part of the command.
 */
export function shellScript(template: Template, variables: ObjectVariables): Bytes {
  const assignments = LATE_VARIABLES.map((name) => `${name}=${shellQuote(variables[name])}`);
  const command = template.parts.map((part) => {
    if (part.kind === 'text') return part.text;
    return part.bare ? `"\${${part.name}}"` : `\${${part.name}}`;
  });
  const text = `${assignments.join(' ')}\nexport ${LATE_VARIABLES.join(' ')}\n${command.join('')}`;
  return text as Bytes;
}

/**
 * What {@link shellScript} made, as somebody would run it by hand, with those variables only that it
 * refers to. What cannot be shown is escaped; a backslash, which means something there, is not.
 */
export function commandLine(script: Bytes): string {
  const assignment = /([A-Z]+)=('[^']*'(?:\\''[^']*')*)[ \n]/y;
  const assignments: { readonly name: string; readonly text: string }[] = [];
  let end = 0;
  for (let match = assignment.exec(script); match !== null; match = assignment.exec(script)) {
    const [, name = '', value = ''] = match;
    assignments.push({ name, text: `${name}=${value}` });
    end = assignment.lastIndex;
  }
  // behind the line that exports them
  const command = script.slice(script.indexOf('\n', end) + 1);
  const used = assignments.filter(({ name }) =>
    new RegExp(`\\$\\{?${name}(?![A-Za-z0-9_])`).test(command),
  );
  const line = [...used.map(({ text }) => text), command].join('; ') as Bytes;
  return split(line, '\\').map(printable).join('\\');
}

/** `value` as one word of a shell command. */
export function shellQuote(value: Bytes): Bytes {
  return b`'${value.replaceAll("'", "'\\''") as Bytes}'`;
}

/** What names stand for while a script is read: those of the site, and what `set` has set. */
export type Definitions = Map<string, readonly Part[]>;

export interface ResolveOptions {
  /** The variables that may wait for an object. */
  readonly late: readonly LateVariable[];
  /** The value is a shell command. */
  readonly command?: boolean;
}

export type Resolved =
  { readonly template: Template } | { readonly found: Problem; readonly span: Span };

/** `value` with everything replaced that can be. */
export function resolveValue(
  value: Value,
  definitions: Definitions,
  options: ResolveOptions,
): Resolved {
  const parts = flatten(value.parts, definitions, options.late);
  if (parts === undefined) return { found: TOO_LONG, span: value.span };
  const resolved: TemplatePart[] = [];
  let shell: ShellState = [];
  const addText = (text: Bytes): void => {
    if (options.command === true) shell = advanceShell(shell, text);
    const last = resolved.at(-1);
    if (last?.kind === 'text')
      resolved[resolved.length - 1] = { kind: 'text', text: b`${last.text}${text}` };
    else resolved.push({ kind: 'text', text });
  };
  for (const part of parts) {
    if (part.kind === 'text') {
      addText(part.text);
      continue;
    }
    const name = LATE_VARIABLES.find((known) => known === part.name);
    const hidden = options.command === true && inSingleQuotes(shell);
    if (name !== undefined && options.late.includes(name)) {
      if (hidden) return { found: hiddenVariable(name), span: part.span };
      resolved.push({ kind: 'variable', name, bare: splitsWords(shell) });
    } else if (name === undefined && hidden) {
      // awk '{print $NF}' is none of ours
      addText(spanText(part.span));
    } else {
      const found = name === undefined ? unknownVariable(part.name, definitions) : misplaced(name);
      return { found, span: part.span };
    }
  }
  const [first] = resolved;
  const constant =
    first === undefined
      ? b``
      : resolved.length === 1 && first.kind === 'text'
        ? first.text
        : undefined;
  return { template: { parts: resolved, ...(constant !== undefined && { constant }) } };
}

/**
 * `parts` with definitions in place of their names, except those of `late`; undefined when that makes
 * an absurd length of text (definitions that double each other).
 */
export function flatten(
  parts: readonly Part[],
  definitions: Definitions,
  late: readonly LateVariable[],
): readonly Part[] | undefined {
  const result: Part[] = [];
  let length = 0;
  const add = (part: Part, use: Span | undefined): void => {
    if (part.kind === 'text') {
      length += use === undefined ? 0 : part.text.length;
      result.push(part);
      return;
    }
    // a finding points at where a name is used, not at what it stands for
    const span = use ?? part.span;
    const waits = late.some((name) => name === part.name);
    const definition = waits ? undefined : definitions.get(part.name);
    if (definition === undefined) result.push({ ...part, span });
    else for (const inner of definition) if (length <= LONGEST) add(inner, span);
  };
  for (const part of parts) add(part, undefined);
  return length > LONGEST || result.length > LONGEST ? undefined : result;
}

function misplaced(name: LateVariable): Problem {
  return problem(
    'E_RULE_VARIABLE',
    `$${name} has no value here`,
    'the variables of an object may be used in exec, error and source',
  );
}

function hiddenVariable(name: LateVariable): Problem {
  return problem(
    'E_RULE_VARIABLE',
    `the shell does not replace $${name} within '…'`,
    'leave these quotes out: the value is quoted where it stands',
  );
}

function unknownVariable(name: string, definitions: Definitions): Problem {
  // every letter is near every other
  const near =
    name.length > 1 ? nearest(name, [...definitions.keys(), ...LATE_VARIABLES]) : undefined;
  return problem(
    'E_RULE_VARIABLE',
    `unknown variable $${name}`,
    near === undefined
      ? "set it with 'set NAME VALUE', or write '…' around a plain $"
      : `did you mean $${near}?`,
  );
}

/** Bytes that variables may add to a value. */
const LONGEST = 65_536;
const TOO_LONG = problem('E_RULE_VALUE', `variables make more than ${LONGEST} bytes of this value`);
