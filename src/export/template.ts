/**
 * Templates: `export/NAME.in` is `export/NAME` with `@fact@` filled in, as `xh facts` names them, and
 * `@package@` and `@directory@`. A word that is none is an error: it would reach a system file.
 */
import { b, bytes, printable, slice, type Bytes } from '../bytes/bytes.ts';
import { DiagnosticError } from '../message/diagnostic.ts';
import { didYouMean } from '../message/nearest.ts';
import type { FragmentFile, FragmentOwner, HostView } from './fragment.ts';
import { diagnostic, type Finding } from './strict.ts';

const SUFFIX = '.in';

/** Whether a file of `export/` is one. What is below `replace/` is never read, and so never filled. */
export function isTemplate({ name }: FragmentFile): boolean {
  return name.endsWith(SUFFIX) && !name.startsWith('replace/');
}

/**
 * The fragment that a template becomes on this host.
 * @throws DiagnosticError for words that nothing is known of
 */
export function filled(
  file: FragmentFile,
  owner: Pick<FragmentOwner, 'package' | 'directory'>,
  host: HostView,
): FragmentFile {
  const findings: Finding[] = [];
  const own: Readonly<Record<string, Bytes>> = {
    package: owner.package,
    directory: owner.directory,
  };
  const lines = file.content.split('\n').map((text, index) =>
    text.replace(/@(?:([a-z][a-z0-9-]*)@|@)/g, (whole, word: string | undefined, at: number) => {
      if (word === undefined) return '@';
      const value = own[word] ?? host.fact(word);
      if (value !== undefined && !/[\0\n\r]/.test(value)) return value;
      const known = host.factNames.includes(word);
      findings.push({
        code: 'E_TEMPLATE_WORD',
        message: known
          ? `this host has no value for '${word}'`
          : `there is no fact '${printable(bytes(word))}'`,
        line: index + 1,
        column: at + 1,
        length: whole.length,
        hint: known
          ? `give it one in /etc/xhier.toml: facts.${word}`
          : (didYouMean(word, [...Object.keys(own), ...host.factNames]) ?? 'write @@ for @'),
      });
      return whole;
    }),
  );
  if (findings.length > 0) {
    throw new DiagnosticError(findings.map((finding) => diagnostic(file, finding)));
  }
  return {
    ...file,
    name: slice(file.name, 0, -SUFFIX.length),
    content: b`${lines.join('\n') as Bytes}`,
  };
}
