/** `xh readme`. */
import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { bytes, fromBuffer, printable, toBuffer, toText, type Bytes } from '../../bytes/bytes.ts';
import { basename, dirname } from '../../bytes/path.ts';
import { collectReadmes } from '../../depot/readme.ts';
import { readmeDocument, README_FORMATS, type ReadmeFormat } from '../../depot/readme-document.ts';
import { closeDir, openDir } from '../../files/dir.ts';
import { FileError } from '../../files/error.ts';
import { replaceFileAt } from '../../files/replace.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { findPackage } from '../../package/read.ts';
import { listPackages } from '../../package/entries.ts';
import { JSON_OPTION, type Command, type OptionValues } from '../command.ts';
import { packageArgument } from '../package-arguments.ts';
import { rawArgument } from '../raw-argument.ts';

export const command: Command = {
  usage: '[package...]',
  details:
    'Collects the READMEs of all packages, or of those that are named, in one document with a list of\n' +
    'contents: each with its version, summary, homepage, licence and maintainer. A README is looked for\n' +
    'in the package itself, in doc and in share/doc. Without --format the name of the file decides\n' +
    '(.html, .md), and otherwise it is plain text. The HTML is one file that needs no other; what\n' +
    'packages have written is shown in it, never obeyed.',
  options: [
    {
      flags: '-o, --output <file>',
      summary: 'write it there, in one step, instead of printing it',
    },
    {
      flags: '--format <format>',
      summary: 'which form (html, markdown, text)',
      choices: README_FORMATS,
    },
    { flags: '--title <text>', summary: 'what stands above it' },
    JSON_OPTION,
  ],
  examples: [
    { command: 'xh readme -o software.html', explains: 'a page to put on the intranet' },
    { command: 'xh readme | less', explains: 'to read in a terminal' },
    {
      command: 'xh readme tree jq --format markdown',
      explains: 'two of them for another document',
    },
  ],
  run({ args, options, site, terminal }) {
    const packages = args.length === 0 ? listPackages(site) : args.map((word) => named(word));
    function named(word: string) {
      const { name, range } = packageArgument(word);
      return findPackage(site, range === undefined ? { name } : { name, range: range.text });
    }
    const entries = collectReadmes(site, packages);
    if (options['json'] === true) {
      terminal.print(JSON.stringify(entries, undefined, 2));
      return EXIT.done;
    }
    const { output, title } = options;
    const document = readmeDocument(
      entries,
      formatOf(options),
      typeof title === 'string' ? toText(bytes(title)) : 'Software packages',
    );
    if (typeof output !== 'string') {
      terminal.print(document.trimEnd());
      return EXIT.done;
    }
    const path = rawArgument(output).startsWith('/') ? rawArgument(output) : bytes(resolve(output));
    write(writable(path), document);
    const without = entries.filter(({ readmes }) => readmes.length === 0).length;
    const lack = without === 0 ? '' : `, ${without} of them without a README`;
    terminal.tell(
      `${printable(path)}: ${entries.length} package${entries.length === 1 ? '' : 's'}${lack}`,
    );
    return EXIT.done;
  },
};

function formatOf({ format, output }: OptionValues): ReadmeFormat {
  const given = README_FORMATS.find((each) => each === format);
  if (given !== undefined) return given;
  const name = typeof output === 'string' ? output.toLowerCase() : '';
  if (/\.x?html?$/.test(name)) return 'html';
  return /\.(?:md|markdown)$/.test(name) ? 'markdown' : 'text';
}

/** The file itself, links followed: what is no file is not to be replaced by one. */
function writable(path: Bytes): Bytes {
  const found = statSync(toBuffer(path), { throwIfNoEntry: false });
  if (found === undefined) return path;
  if (found.isFile()) return fromBuffer(realpathSync(toBuffer(path), { encoding: 'buffer' }));
  throw new XhError('E_USAGE', `${printable(path)} is no file that could be replaced`, {
    exit: EXIT.usage,
    place: { file: path },
    remedy: 'leave --output out: then it is printed, to be sent anywhere',
  });
}

/** The file is whole or what it was. */
function write(path: Bytes, document: string): void {
  const dir = openDir(dirname(path));
  try {
    const file = replaceFileAt(dir, basename(path), 0o644);
    try {
      file.write(Buffer.from(document));
      file.commit();
    } finally {
      file.abandon();
    }
  } catch (error) {
    // it is about the file that was named, not about the one that would have become it
    throw error instanceof FileError ? new FileError(error.errno, error.call, path, error) : error;
  } finally {
    closeDir(dir);
  }
}
