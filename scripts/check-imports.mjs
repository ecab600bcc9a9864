#!/usr/bin/env node
/**
 * The rules of the architecture that no other tool checks: which folder may import which, no
 * circles, writing to the disk only in src/files, names that say something, and nothing in the
 * sources that belongs to one developer's machine.
 *
 *     node scripts/check-imports.mjs [DIR]
 *
 * One line for each violation on standard error, exit 1; long files are named as a warning only.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, posix, resolve } from 'node:path';

/** A folder of src/ may import those of its own row and of the rows below. */
const LAYERS = [
  ['manual', 'completion'],
  ['index.ts', 'cli'],
  ['depot'],
  ['farm', 'export', 'make', 'lfu', 'lfck', 'showpath', 'distribute'],
  ['report'],
  ['host'],
  ['package'],
  ['site'],
  ['files'],
  ['message'],
  ['bytes'],
];

/** Functions of node:fs that change the disk; their …Sync forms are meant too. */
const WRITERS = new Set(
  `appendFile chmod chown copyFile cp createWriteStream fchmod fchown ftruncate futimes lchmod
  lchown link lutimes mkdir mkdtemp mkdtempDisposable rename rm rmdir symlink truncate unlink
  utimes writeFile write writev`.split(/\s+/),
);

const FORBIDDEN_NAMES = new Set(['util', 'utils', 'helper', 'helpers', 'manager', 'data']);
const LONG = 400;

/** @typedef {{ path: string, text: string }} SourceFile path from the root, with slashes */
/** @typedef {{ from: string, to: string, place: string }} Import */

function check() {
  const root = resolve(process.argv[2] ?? join(import.meta.dirname, '..'));
  const files = readAll(root, trackedPaths(root).toSorted());
  const sources = files.filter(({ path }) => path.startsWith('src/') && path.endsWith('.ts'));
  const imports = sources.flatMap(importsOf);
  const problems = [
    ...imports.flatMap(wrongDirection),
    ...circles(imports.map(({ from, to }) => [from, to])).map((path) => `circle: ${path}`),
    ...circles(imports.map(foldersOf)).map((path) => `circle among folders: ${path}`),
    ...sources.flatMap(writesToDisk),
    ...files.flatMap(forbiddenName),
    ...files.flatMap(privateText),
  ];
  for (const problem of new Set(problems)) process.stderr.write(`${problem}\n`);
  for (const { path, text } of sources) {
    const lines = text.split('\n').length - 1;
    if (lines > LONG) process.stderr.write(`warning: ${path}: ${lines} lines: one subject?\n`);
  }
  return problems.length === 0;
}

/** What git knows, and what it would know after `git add`; without git, every file. @param {string} root */
function trackedPaths(root) {
  const git = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: Infinity,
  });
  if (git.status === 0) return git.stdout.split('\0').filter((path) => path !== '');
  const find = [
    '.',
    '(',
    '-name',
    'node_modules',
    '-o',
    '-name',
    'dist',
    '-o',
    '-name',
    '.git',
    ')',
  ];
  const run = spawnSync('find', [...find, '-prune', '-o', '-type', 'f', '-print0'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: Infinity,
  });
  return run.stdout.split('\0').flatMap((path) => (path === '' ? [] : [path.slice(2)]));
}

/** The text files among them. @param {string} root @param {readonly string[]} paths @returns {SourceFile[]} */
function readAll(root, paths) {
  return paths.flatMap((path) => {
    if (!statSync(join(root, path), { throwIfNoEntry: false })?.isFile()) return [];
    const text = readFileSync(join(root, path), 'utf8');
    return text.includes('\0') ? [] : [{ path, text }];
  });
}

/** Imports of this project's own files: static, for types only, and at run time. @param {SourceFile} file */
function importsOf({ path, text }) {
  const fixed = /^(?:import\s+|(?:import|export)\b[^'"`;=(]*\bfrom\s+)'(\.[^']+)'/gm;
  const dynamic = /\bimport\(\s*'(\.[^']+)'/g;
  return [...text.matchAll(fixed), ...text.matchAll(dynamic)].map((match) => ({
    from: path,
    to: posix.join(dirname(path), match[1] ?? ''),
    place: `${path}:${lineOf(text, match.index + match[0].length)}`,
  }));
}

/** @param {Import} import_ */
function wrongDirection({ from, to, place }) {
  const [upper, lower] = [layerOf(from), layerOf(to)];
  if (!to.startsWith('src/')) return [`${place}: imports ${to}, which is outside src/`];
  if (upper === -1 || lower === -1) {
    const stranger = upper === -1 ? from : to;
    return [`${place}: ${stranger} is in no layer; give its folder one in check-imports.mjs`];
  }
  if (lower >= upper) return [];
  return [`${place}: ${folderName(from)} must not import ${folderName(to)} (${to})`];
}

/** @param {string} path */
function layerOf(path) {
  return LAYERS.findIndex((layer) => layer.includes(folderName(path)));
}

/** `lfu` of `src/lfu/rules/parse.ts`. @param {string} path */
function folderName(path) {
  return path.split('/')[1] ?? '';
}

/**
 * The two folders, side by side, that an import ties: `lfu` and `host`, or `lfu/plan` and `lfu/rules`.
 * Files that stand directly in a folder belong together with all below it.
 *
 * @param {Import} import_ @returns {[string, string]}
 */
function foldersOf({ from, to }) {
  const [a, b] = [dirname(from).split('/'), dirname(to).split('/')];
  const depth = a.findIndex((name, index) => name !== b[index]);
  const isBeside = depth !== -1 && depth < b.length;
  return isBeside ? [key(a, depth), key(b, depth)] : ['', ''];
}

/** @param {readonly string[]} names @param {number} depth */
function key(names, depth) {
  return names.slice(0, depth + 1).join('/');
}

/**
 * Each circle once, as `a → b → a`.
 *
 * @param {readonly (readonly string[])[]} edges
 */
function circles(edges) {
  /** @type {Map<string, Set<string>>} */
  const graph = new Map();
  for (const [from = '', to = ''] of edges) {
    if (from !== to) graph.set(from, (graph.get(from) ?? new Set()).add(to));
  }
  /** @type {string[]} */
  const found = [];
  const finished = new Set();
  /** @type {string[]} */
  const trail = [];
  const visit = (/** @type {string} */ node) => {
    const start = trail.indexOf(node);
    if (start !== -1) found.push([...trail.slice(start), node].join(' → '));
    if (start !== -1 || finished.has(node)) return;
    trail.push(node);
    for (const next of graph.get(node) ?? []) visit(next);
    trail.pop();
    finished.add(node);
  };
  for (const node of graph.keys()) visit(node);
  return found;
}

/** @param {SourceFile} file */
function writesToDisk({ path, text }) {
  if (folderName(path) === 'files') return [];
  /** @type {string[]} */
  const found = [];
  const tell = (/** @type {number} */ index, /** @type {string} */ name) =>
    found.push(`${path}:${lineOf(text, index)}: ${name} writes to the disk; only src/files may`);

  for (const match of text.matchAll(
    /^import\s+([^'"`;]*?)\s+from '(?:node:)?fs(?:\/promises)?'/gm,
  )) {
    const clause = match[1] ?? '';
    for (const name of clause.matchAll(/(\w+)(?:\s+as\s+\w+)?\s*(?=[,}])/g)) {
      const imported = name[1] ?? '';
      if (isWriter(imported) && !writesOnlyToOutput(text, imported)) tell(match.index, imported);
    }
    const whole =
      /^(?:\*\s*as\s+)?(\w+)/.exec(clause)?.[1] ?? /\bpromises as (\w+)/.exec(clause)?.[1];
    const member = new RegExp(`\\b${whole ?? 'fs'}\\.(?:promises\\.)?(\\w+)\\(`, 'g');
    for (const use of text.matchAll(member)) {
      if (isWriter(use[1] ?? '')) tell(use.index, use[1] ?? '');
    }
    // Opening is reading, unless the flags say otherwise.
    const flags =
      /\bopen(?:Sync)?\([^;'"]*,\s*'(?:[wa]|rs?\+)|\bO_(?:WRONLY|RDWR|CREAT|TRUNC|APPEND)\b/g;
    for (const use of text.matchAll(flags)) tell(use.index, 'open with these flags');
  }
  return found;
}

/** @param {string} name */
function isWriter(name) {
  return WRITERS.has(name.replace(/Sync$/, ''));
}

/** `writeSync(1, …)` is output, not the disk. @param {string} text @param {string} name */
function writesOnlyToOutput(text, name) {
  if (!/^writev?(?:Sync)?$/.test(name)) return false;
  const calls = [...text.matchAll(new RegExp(`\\b${name}\\(\\s*([\\w.]+)`, 'g'))];
  return calls.every((call) => /^(?:[12]|process\.std(?:out|err)\.fd)$/.test(call[1] ?? ''));
}

/** @param {SourceFile} file */
function forbiddenName({ path }) {
  if (!/^(?:src|scripts|test)\//.test(path) || path.includes('/fixtures/')) return [];
  const bad = path.split(/[/.-]/).find((word) => FORBIDDEN_NAMES.has(word.toLowerCase()));
  return bad === undefined ? [] : [`${path}: “${bad}” says nothing about what is in it`];
}

/** What only one machine has. @param {SourceFile} file */
function privateText({ path, text }) {
  // Tests, rules and documents have users with homes in them; programs do not.
  const isProgram = /^(?:src|scripts|templates|software|\.ci)\//.test(path);
  const patterns = [
    [/(?<![\w.~})$-])\/(?:work|root)\/[\w.-]*/g, 'a path of one machine'],
    [isProgram ? /(?<![\w.~})$-])\/home\/\w[\w.-]*/g : /(?!)/g, "somebody's home directory"],
    [/https?:\/\/(?:[\w-]+\.)*(?:registry|artifactory|nexus|verdaccio)[.:][\w.:-]+/g, 'a registry'],
    [path === 'package-lock.json' ? /"resolved": "http/g : /(?!)/g, 'a download address'],
  ];
  return patterns.flatMap(([pattern, what]) =>
    [...text.matchAll(/** @type {RegExp} */ (pattern))].map(
      (match) => `${path}:${lineOf(text, match.index)}: ${match[0]} is ${String(what)}`,
    ),
  );
}

/** @param {string} text @param {number} index */
function lineOf(text, index) {
  return text.slice(0, index).split('\n').length;
}

if (!check()) process.exitCode = 1;
