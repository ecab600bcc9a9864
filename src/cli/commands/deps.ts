/** `xh deps PKG…`. */
import { bytes, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import {
  dependencyGraph,
  isWhole,
  needJson,
  needText,
  reverseGraph,
  type DependencyGraph,
  type Need,
  type ReverseGraph,
} from '../../depot/deps.ts';
import { toJsonText } from '../../host/json.ts';
import { EXIT } from '../../message/error.ts';
import type { Wanted } from '../../package/candidate.ts';
import { JSON_OPTION, type Command } from '../command.ts';
import { packageArgument } from '../package-arguments.ts';
import { columns } from '../table.ts';
import type { Styles } from '../terminal.ts';
import { treeLines, type TreeItem } from '../tree-text.ts';

export const command: Command = {
  usage: '<package...>',
  details:
    'Shows what packages need, and what that needs in turn: each requirement with the package of the\n' +
    "depot that an install would take for it. '?NAME' is one that can be done without, 'system:NAME'\n" +
    'something of the host itself, which is looked for there and never in the way of an install. With\n' +
    '--reverse it shows who needs a package, a thing of the host (system:libc6), or a name that no\n' +
    'package has yet. A star stands before what is installed here.\n' +
    '\n' +
    'Exit 1 when something is missing, when no version is in the range, or when packages need each\n' +
    'other in a circle: xh install would refuse them.',
  options: [
    { flags: '--reverse', summary: 'who needs it, instead of what it needs' },
    { flags: '--tree', summary: 'as a tree; what has been shown above is marked (*)' },
    JSON_OPTION,
  ],
  examples: [
    { command: 'xh deps git', explains: 'everything that git needs, in one list' },
    { command: 'xh deps git --tree', explains: 'who brings what in' },
    { command: 'xh deps --reverse zlib', explains: 'what would break without zlib' },
    { command: 'xh deps --reverse system:libc6', explains: "who counts on the host's own libc6" },
  ],
  run({ args, options, site, terminal }) {
    const wanted = args.map((word) => wantedName(word, options['reverse'] === true));
    if (options['reverse'] === true) {
      const graph = reverseGraph(site, wanted);
      if (options['json'] === true) terminal.print(toJsonText(reverseJson(graph), 2));
      else for (const line of reverseLines(graph, terminal.out)) terminal.print(line);
      return EXIT.done;
    }
    const graph = dependencyGraph(site, wanted);
    if (options['json'] === true) terminal.print(toJsonText(graphJson(graph), 2));
    else {
      const lines = options['tree'] === true ? treeOf : listOf;
      for (const line of lines(graph, terminal.out)) terminal.print(line);
    }
    for (const cycle of graph.cycles) {
      const [first] = cycle;
      const names = [...cycle, ...(first === undefined ? [] : [first])].map(printable);
      terminal.warn(`packages need each other: ${names.join(' → ')}`);
      terminal.warn(
        `    ${terminal.err.dim('→')} make one of these dependencies optional ('?NAME')`,
      );
    }
    return isWhole(graph) ? EXIT.done : EXIT.failed;
  },
};

/** Of the host's things only the name is known. */
function wantedName(word: string, reverse: boolean): Wanted {
  return reverse && word.startsWith('system:') ? { name: bytes(word) } : packageArgument(word);
}

/** `* git-2.39.2` or `  git 2.39.2`. */
function title(
  directory: Bytes,
  about: { readonly version?: Bytes; readonly installed: boolean } | undefined,
): string {
  const version = about?.version;
  const said =
    version === undefined || directory.endsWith(`-${version}`) ? '' : ` ${printable(version)}`;
  return `${printable(directory)}${said}${about?.installed === true ? ' *' : ''}`;
}

/** Every requirement once, with who has it. */
function listOf(graph: DependencyGraph, styles: Styles): string[] {
  const lines: string[] = [];
  for (const root of graph.roots) {
    if (lines.length > 0) lines.push('');
    lines.push(styles.bold(title(root, graph.packages.get(root))));
    const rows = new Map<string, { readonly need: Need; readonly by: Bytes[] }>();
    for (const directory of reached(graph, root)) {
      const each = graph.packages.get(directory);
      if (each?.problem !== undefined) lines.push(`  ${styles.red(each.problem)}`);
      for (const need of each?.needs ?? []) {
        const text = needText(need);
        const known = rows.get(text);
        if (known === undefined) rows.set(text, { need, by: [directory] });
        else known.by.push(directory);
      }
    }
    const table = [...rows].map(([text, { need, by }]) => {
      const needers = by.filter((each) => each !== root);
      const because = needers.length === 0 ? '' : `for ${namesText(needers)}`;
      return [text, outcome(need, graph), because];
    });
    const states = [...rows.values()].map(({ need }) => need.state);
    for (const [i, line] of columns(table).entries()) {
      lines.push(`  ${isBad(states[i]) ? styles.red(line) : line}`);
    }
    const isRead = graph.packages.get(root)?.problem === undefined;
    if (rows.size === 0 && isRead) lines.push('  needs nothing');
  }
  return lines;
}

function namesText(names: readonly Bytes[]): string {
  const shown = names.slice(0, 4).map(printable).join(', ');
  return names.length > 4 ? `${shown} and ${names.length - 4} more` : shown;
}

/** A package and all that it leads to, breadth first. */
function reached({ packages }: DependencyGraph, root: Bytes): Iterable<Bytes> {
  const seen = new Set([root]);
  // grows while it is walked
  for (const each of seen) {
    for (const { by } of packages.get(each)?.needs ?? []) if (by !== undefined) seen.add(by);
  }
  return seen;
}

function isBad(state: Need['state'] | undefined): boolean {
  return state === 'missing' || state === 'version';
}

/** What a requirement comes to, in words. */
function outcome({ state, by, problem }: Need, graph: DependencyGraph): string {
  switch (state) {
    case 'package':
      return by === undefined ? '' : title(by, graph.packages.get(by));
    case 'absent':
      return 'not in the depot, and not required';
    case 'missing':
      return `missing${problem === undefined ? '' : `: ${problem}`}`;
    case 'version':
      return `no version fits: ${problem ?? ''}`;
    case 'host':
      return 'on the host';
    case 'not on the host':
      return 'not found on the host';
  }
}

function treeOf(graph: DependencyGraph, styles: Styles): string[] {
  const circular = new Set(graph.cycles.flat());
  return treeLines(
    graph.roots.map((root): TreeItem<Bytes> => ({
      id: root,
      text: styles.bold(title(root, graph.packages.get(root))),
    })),
    (id) =>
      (graph.packages.get(id)?.needs ?? []).map((need): TreeItem<Bytes> => {
        const { state, by, dependency } = need;
        const said = outcome(need, graph);
        if (by !== undefined) {
          // most often the name and the package are the same word
          const plain =
            dependency.range === undefined && !dependency.optional && by === dependency.name;
          return { id: by, text: plain ? said : `${needText(need)} → ${said}` };
        }
        const text = `${needText(need)}: ${said}`;
        if (isBad(state)) return { text: styles.red(text) };
        return { text: state === 'host' ? styles.dim(text) : text };
      }),
    {
      again: (id) => styles.dim((graph.packages.get(id)?.needs.length ?? 0) === 0 ? '' : ' (*)'),
      circle: (id) => (circular.has(id) ? styles.red(' (circle)') : styles.dim(' (*)')),
    },
  );
}

function reverseLines(graph: ReverseGraph, styles: Styles): string[] {
  return treeLines(
    graph.roots.map((root): TreeItem<Bytes> => ({
      id: root,
      text: styles.bold(title(root, graph.packages.get(root))),
    })),
    (id) =>
      (graph.neededBy.get(id) ?? []).map(({ directory, dependency }): TreeItem<Bytes> => {
        const plain = dependency.range === undefined && !dependency.optional;
        const how = plain ? '' : styles.dim(` (${needText({ dependency })})`);
        return { id: directory, text: `${title(directory, graph.packages.get(directory))}${how}` };
      }),
    {
      empty: 'needed by nobody',
      again: (id) => styles.dim((graph.neededBy.get(id)?.length ?? 0) === 0 ? '' : ' (*)'),
      circle: () => styles.dim(' (*)'),
    },
  );
}

function graphJson({ roots, packages, cycles }: DependencyGraph): unknown {
  return {
    roots: roots.map(toText),
    packages: [...packages.values()].map(({ directory, version, installed, needs, problem }) => ({
      package: directory,
      version,
      installed,
      needs: needs.map(needJson),
      ...(problem !== undefined && { problem }),
    })),
    cycles: cycles.map((cycle) => cycle.map(toText)),
  };
}

function reverseJson({ roots, packages, neededBy }: ReverseGraph): unknown {
  return {
    roots: roots.map(toText),
    packages: [...neededBy].map(([name, needers]) => ({
      package: name,
      ...packages.get(name),
      neededBy: needers.map(({ directory, dependency }) => ({
        package: directory,
        requirement: needText({ dependency }),
        optional: dependency.optional,
      })),
    })),
  };
}
