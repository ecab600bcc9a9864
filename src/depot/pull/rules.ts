/**
 * Rules of lfu for what is pulled (`pull-rules`): they are applied beside the place of a package, to a
 * copy of what stands there, so that all of it is switched at once. Paths in rules are `PACKAGE/…`.
 */
import { hostname } from 'node:os';
import { b, bytes, fromBuffer, printable, type Bytes } from '../../bytes/bytes.ts';
import { sha256 } from '../../files/content.ts';
import { beginningOf } from '../../files/forgiving.ts';
import { closeDir, openDirAt, type Dir } from '../../files/dir.ts';
import { makeDirAt, removeTreeAt, renameAt } from '../../files/names.ts';
import { statAt } from '../../files/stat.ts';
import { compileRules, type RuleSet } from '../../lfu/rules/evaluator.ts';
import { systemSources } from '../../lfu/rules/sources.ts';
import { runLfu } from '../../lfu/run.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { architecture } from '../../site/arch.ts';
import type { Config } from '../../site/config.ts';
import { inSite, type Site } from '../../site/site.ts';

export interface TreeRules {
  /** Of their text. */
  readonly digest: string;
  /** Takes back what a run that was killed has left, so that what it had fetched is there. */
  settle(inside: Dir, beside: Bytes, directory: Bytes): void;
  /**
   * Makes `beside` of `inside`, which is what was published, what the rules make of that and of what
   * stands there as `directory`.
   * @throws XhError E_PULL_RULES; FileError
   */
  apply(inside: Dir, beside: Bytes, directory: Bytes): Promise<void>;
}

/** The rules of the configuration. @throws XhError E_PULL_RULES (2), DiagnosticError */
export function pullRules(site: Site, config: Config): TreeRules | undefined {
  const path = config.values['pull-rules'];
  if (path === undefined) return undefined;
  const file = inSite(site, path);
  const text = beginningOf(file, LARGEST);
  if (text?.whole !== true) {
    throw new XhError('E_PULL_RULES', `the rules ${printable(path)} cannot be read`, {
      exit: EXIT.usage,
      place: { file },
      remedy: "they are named by 'pull-rules' in /etc/xhier.toml",
    });
  }
  const content = fromBuffer(text.content);
  const sources = systemSources({
    arch: architecture(),
    netgroupFiles: [],
    host: bytes(hostname()),
  });
  const rules = compileRules({ file, text: content }, sources);
  return {
    digest: sha256(content),
    settle,
    apply: (inside, beside, directory) => apply(rules, { inside, beside, directory }),
  };
}

interface Applying {
  readonly inside: Dir;
  readonly beside: Bytes;
  readonly directory: Bytes;
}

async function apply(rules: RuleSet, { inside, beside, directory }: Applying): Promise<void> {
  const working = workingName(directory);
  removeTreeAt(inside, working);
  makeDirAt(inside, working, 0o700);
  const dir = openDirAt(inside, working);
  try {
    for (const each of [MASTER, SLAVE]) makeDirAt(dir, each, 0o700);
    const [master, slave] = [openDirAt(dir, MASTER), openDirAt(dir, SLAVE)];
    try {
      const standing = statAt(inside, directory)?.type === 'd';
      if (standing) await lfu(b`${inside.path}/${directory}`, b`${slave.path}/${directory}`);
      renameAt(inside, beside, master, directory);
      await lfu(master.path, slave.path, rules);
      if (statAt(slave, directory)?.type !== 'd') throw nothingLeft(directory);
      renameAt(slave, directory, inside, beside);
    } finally {
      closeDir(master);
      closeDir(slave);
    }
  } finally {
    closeDir(dir);
  }
  removeTreeAt(inside, working);
}

async function lfu(master: Bytes, slave: Bytes, rules?: RuleSet): Promise<void> {
  const problems: string[] = [];
  const result = await runLfu({
    master,
    slave,
    rules,
    report: {
      problem: ({ path, message }) => {
        problems.push(`${printable(path)}: ${message}`);
      },
    },
  });
  if (result.exit === 0) return;
  const [first = 'it was interrupted', ...more] = problems;
  throw new XhError(
    'E_PULL_RULES',
    `the rules could not be applied: ${first}${more.length > 0 ? ` (and ${more.length} more)` : ''}`,
    { remedy: 'the package stays as it is; mend that, and pull again' },
  );
}

function settle(inside: Dir, beside: Bytes, directory: Bytes): void {
  const working = workingName(directory);
  if (statAt(inside, working) === undefined) return;
  const dir = openDirAt(inside, working);
  try {
    if (statAt(inside, beside) === undefined && statAt(dir, MASTER)?.type === 'd') {
      const master = openDirAt(dir, MASTER);
      try {
        if (statAt(master, directory) !== undefined) renameAt(master, directory, inside, beside);
      } finally {
        closeDir(master);
      }
    }
  } finally {
    closeDir(dir);
  }
  removeTreeAt(inside, working);
}

function workingName(directory: Bytes): Bytes {
  return b`.xhier-rules-${directory}`;
}

function nothingLeft(directory: Bytes): XhError {
  return new XhError('E_PULL_RULES', `the rules leave nothing of ${printable(directory)}`, {
    exit: EXIT.refused,
    remedy: "to leave a package out, name it in 'subscribe.never' of /etc/xhier.toml",
  });
}

const MASTER = b`master`;
const SLAVE = b`slave`;
const LARGEST = 16 << 20;
