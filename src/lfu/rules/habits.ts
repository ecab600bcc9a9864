/**
 * What people write by the habit of other languages and programs, and how it is said here: for the
 * advice that a diagnostic gives, never for understanding.
 */

/** How the action that `word` stands for elsewhere is written here. */
export function meantAction(word: string): string | undefined {
  return advice(ACTIONS, word);
}

/** How the test that `word` stands for elsewhere is written here. */
export function meantTest(word: string): string | undefined {
  return advice(TESTS, word);
}

/** What is to be done about a word that stands where a test should begin. */
export function meantBeginning(word: string): string | undefined {
  if (word.startsWith('//') || word.startsWith('--') || word.startsWith('/*')) {
    return "a comment begins with '#'";
  }
  return known(BEGINNINGS, word);
}

/** What is to be done about a word that stands behind a test. */
export function meantJoin(word: string): string | undefined {
  return known(JOINS, word);
}

/** The type letter that `word` stands for elsewhere. */
export function meantType(word: string): string | undefined {
  return known(TYPES, word);
}

/** The beginning of `expression` where a shell pattern was meant in all likelihood: what `*` repeats. */
export function globLike(expression: string): string | undefined {
  // what only a regular expression has
  if (/[\\^$+()|]|\.[*?]/.test(expression)) return undefined;
  return /(?:^|[A-Za-z0-9_/-])\*/.exec(expression)?.[0].slice(0, -1);
}

function advice(table: Readonly<Record<string, string>>, word: string): string | undefined {
  const found = known(table, word);
  return found === undefined ? undefined : `write '${found}'`;
}

function known(table: Readonly<Record<string, string>>, word: string): string | undefined {
  const key = word.toLowerCase();
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

const ACTIONS: Readonly<Record<string, string>> = {
  exclude: 'ignore',
  skip: 'ignore',
  omit: 'ignore',
  leave: 'ignore',
  copy: 'update',
  sync: 'update',
  include: 'update',
  install: 'update',
  remove: 'delete',
  rm: 'delete',
  unlink: 'delete',
  protect: 'preserve',
  symlink: 'link',
  mirror: 'shadow',
  backup: 'keep',
  rename: 'keep',
  run: 'exec',
  execute: 'exec',
  system: 'exec',
  special: 'exec',
  notify: 'exec',
  mode: 'chmod',
  perms: 'chmod',
  user: 'chown',
  owner: 'chown',
  group: 'chgrp',
  fail: 'error',
  message: 'error',
  target: 'source',
  sparse: 'fill',
  touch: 'newtime',
  always: 'force',
  dereference: 'follow',
};

const TESTS: Readonly<Record<string, string>> = {
  user: 'owner',
  uid: 'owner',
  gid: 'group',
  file: 'name',
  filename: 'name',
  basename: 'name',
  iname: 'name',
  glob: 'name~',
  regex: 'name=',
  pathname: 'path',
  dir: 'path',
  directory: 'path',
  perm: 'type',
  perms: 'type',
  mode: 'type',
  mtime: 'age',
  newer: 'age',
  atime: 'access',
  hostname: 'host',
  architecture: 'arch',
  nlink: 'links',
};

const BEGINNINGS: Readonly<Record<string, string>> = {
  not: "write '!'",
  if: "leave 'if' out: a rule begins with its condition",
  when: "leave 'when' out: a rule begins with its condition",
  elsif: "write 'else' before the condition",
  elif: "write 'else' before the condition",
  elseif: "write 'else' before the condition",
  '*': "name~'*' is true of every object",
  all: "name~'*' is true of every object",
  default: "name~'*' is true of every object",
};

const JOINS: Readonly<Record<string, string>> = {
  or: "write '|'",
  and: "write '&'",
  ',': "write '|' for either of them, '&' for both",
};

const TYPES: Readonly<Record<string, string>> = {
  file: 'f',
  regular: 'f',
  dir: 'd',
  directory: 'd',
  link: 'l',
  symlink: 'l',
  pipe: 'p',
  fifo: 'p',
  socket: 's',
  block: 'b',
  char: 'c',
  character: 'c',
  device: 'bc',
  special: 'bc',
};
