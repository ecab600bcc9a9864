/** Completion for every shell and program: what the build writes to dist/completion. */
import { programs } from '../cli/programs.ts';
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { FILE_NAMES, syntaxOf } from './syntax.ts';
import { zshScript } from './zsh.ts';

export async function generate(): Promise<
  readonly { readonly path: string; readonly content: string }[]
> {
  return (await programs()).map(syntaxOf).flatMap((syntax) => [
    { path: FILE_NAMES.bash(syntax.name), content: bashScript(syntax) },
    { path: FILE_NAMES.zsh(syntax.name), content: zshScript(syntax) },
    { path: FILE_NAMES.fish(syntax.name), content: fishScript(syntax) },
  ]);
}
