/** The judge of judge.py and the editor of edit-tree.py, asked as often as one likes. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll } from 'vitest';

export const JUDGE = join(import.meta.dirname, 'judge.py');
/** Makes the torture tree. */
export const TREE = join(import.meta.dirname, 'torture-tree.py');

/** What `judge.py WORDS` prints. */
export type Judge = (
  ...words: readonly ['differences' | 'snapshot' | 'holes', ...string[]]
) => Promise<string>;

/** Starts it; it ends with the tests of the file, or group, that asks for it. */
export function startJudge(): Judge {
  const ask = startPython(JUDGE);
  return (...words) => ask(words);
}

/** Makes edits in a tree, as edit-tree.py has them. */
export type Editor = (tree: string, edits: readonly unknown[]) => Promise<void>;

/** Starts it, as {@link startJudge}. */
export function startEditor(): Editor {
  const ask = startPython(join(import.meta.dirname, 'edit-tree.py'));
  return async (tree, edits) => {
    await ask([tree, edits]);
  };
}

/** A program that answers each line of JSON with one: a string. */
function startPython(script: string): (question: unknown) => Promise<string> {
  const program = spawn('python3', ['-IS', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  afterAll(() => {
    program.stdin.end();
  });
  return async (question) => {
    program.stdin.write(`${JSON.stringify(question)}\n`);
    const answer = await answers.next();
    if (answer.done === true) throw new Error(`${script} has ended`);
    return JSON.parse(answer.value) as string;
  };
}
