/** `xh import SOURCE`. */
import { resolve } from 'node:path';
import { bytes, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import {
  importSoftware,
  softwareNames,
  type ImportRequest,
  type ImportResult,
} from '../../depot/import.ts';
import { isNpmRequest, withStagedSources } from '../../depot/npm-stage.ts';
import { applyPlan } from '../../host/apply.ts';
import { toJsonText } from '../../host/json.ts';
import { visitHost } from '../../host/transaction.ts';
import { EXIT, type ExitCode } from '../../message/error.ts';
import { findingText } from '../../package/import/findings.ts';
import { packagePath } from '../../site/site.ts';
import { changeHost, showPlan } from '../carry-out.ts';
import { DRY_RUN_OPTION, JSON_OPTION, type Call, type Command } from '../command.ts';
import { textOption } from '../option-values.ts';
import { relocationLines } from '../relocation-text.ts';

export const command: Command = {
  usage: '<source...>',
  details:
    'Makes a package of software that exists: a .deb, a tarball with a prefix tree, a directory that\n' +
    "'make DESTDIR=… install' left, a prefix of Spack, EasyBuild or conda, or an npm module. Nothing of\n" +
    'it is run. Its files are sorted into file types, its dependencies are carried over, and what may\n' +
    'need a look (old paths inside files, set-id bits, scripts of its packager) is reported. Hostile\n' +
    'archives are refused whole.\n' +
    '\n' +
    "'npm:NAME' and 'npm:NAME@RANGE' are fetched by npm with all that they need, as is what an archive\n" +
    "of 'npm pack' needs; a module that is installed already is named by its directory,\n" +
    'PREFIX/lib/node_modules/NAME. Scripts of modules are not run without --allow-scripts.\n' +
    '\n' +
    'Of software that was built for a place of its own it is said whether it can live at another one:\n' +
    'as it is; after edits of texts, interpreters and library paths, which --relocate makes (a library\n' +
    'path only where the new one is no longer); or only with a link at the old place.',
  options: [
    { flags: '--name <name>', summary: 'name of the package, instead of its own' },
    { flags: '--version <version>', summary: 'version, instead of its own' },
    { flags: '--versioned', summary: 'stand as NAME-VERSION, beside other versions' },
    { flags: '--maintainer <address>', summary: 'who answers for it' },
    { flags: '--origin <path>', summary: 'the absolute path that it was built for' },
    { flags: '--relocate', summary: 'change what names that path, where it is safe' },
    { flags: '--replace', summary: 'take the place of a package of that name, in one step' },
    { flags: '--allow-set-id', summary: 'keep set-user-id and set-group-id bits' },
    { flags: '--allow-outside-links', summary: 'keep absolute links that lead out of it' },
    { flags: '--allow-scripts', summary: 'let npm run the scripts of modules that it installs' },
    DRY_RUN_OPTION,
    JSON_OPTION,
  ],
  examples: [
    { command: 'xh import tree_2.1.0-1_amd64.deb', explains: 'a Debian package' },
    { command: 'xh import ./stage --name hello --version 2.12', explains: 'an installed prefix' },
    { command: "xh import 'npm:cowsay@^1.5'", explains: 'an npm module with what it needs' },
    {
      command: 'xh import --relocate /spack/opt/linux-x86_64/zlib-1.3.1-abcdefg',
      explains: 'a prefix of Spack, changed so that it works where packages stand',
    },
  ],
  run(call) {
    const { options, terminal } = call;
    const sources = call.args.map((source) =>
      isNpmRequest(bytes(source)) ? bytes(source) : bytes(resolve(source)),
    );
    const staging = {
      allowScripts: options['allowScripts'] === true,
      onFetch: (spec: string): void => {
        terminal.detail(`npm fetches ${printable(bytes(spec))}`);
      },
    };
    return withStagedSources(sources, staging, async (staged) => {
      const requests = staged.map(({ path, label }) => requestFor(call, path, label));
      const companions =
        requests.length > 1 ? await softwareNames(requests.map(({ source }) => source)) : [];
      return importAll(call, requests, companions);
    });
  },
};

function requestFor({ options }: Call, source: Bytes, label: Bytes): ImportRequest {
  return {
    source,
    label,
    versioned: options['versioned'] === true,
    replace: options['replace'] === true,
    relocate: options['relocate'] === true,
    allowSetId: options['allowSetId'] === true,
    allowOutsideLinks: options['allowOutsideLinks'] === true,
    ...textOption(options, 'name', bytes),
    ...textOption(options, 'version', bytes),
    ...textOption(options, 'origin', bytes),
    ...textOption(options, 'maintainer', (text) => text),
  };
}

function importAll(
  call: Call,
  requests: readonly ImportRequest[],
  companions: readonly Bytes[],
): Promise<ExitCode> {
  const { options, terminal } = call;
  if (options['dryRun'] === true) {
    return visitHost(call.site, async (host) => {
      for (const request of requests) {
        const result = await importSoftware(host, call.config(), request, companions);
        showPlan(call, host, result.plan);
        tellFindings(call, result);
      }
      return EXIT.done;
    });
  }
  return changeHost(call, async (host) => {
    for (const request of requests) {
      const result = await importSoftware(host, call.config(), request, companions);
      applyPlan(host.walker, result.plan, {
        contents: result.contents,
        progress: host.progress,
      });
      const { directory, version, objects, findings, relocation } = result;
      const path = packagePath(call.site, directory);
      if (options['json'] === true) {
        const moved = relocation && { ...relocation, origin: toText(relocation.origin) };
        terminal.print(
          toJsonText({ package: directory, version, path, findings, relocation: moved }),
        );
      }
      terminal.tell(
        `imported ${printable(directory)}${version === undefined ? '' : ` ${printable(version)}`}: ${objects} objects in ${printable(path)}`,
      );
      tellFindings(call, result);
    }
    return EXIT.done;
  });
}

/** Files with an old place in them that are named without --verbose. */
const MOST_FILES = 12;

/** Warnings always, notes with --verbose. */
function tellFindings(
  { terminal, site }: Call,
  { findings, relocation, directory }: ImportResult,
): void {
  for (const finding of findings) {
    const text = `  ${finding.severity}: ${findingText(finding)}`;
    if (finding.severity === 'warning') terminal.tell(text);
    else terminal.detail(text);
  }
  if (relocation === undefined) return;
  const { conclusion, open, settled } = relocationLines(relocation, packagePath(site, directory));
  for (const [i, line] of open.entries()) {
    if (i < MOST_FILES) terminal.tell(`  ${line}`);
    else terminal.detail(`  ${line}`);
  }
  for (const line of settled) terminal.detail(`  ${line}`);
  for (const line of conclusion) terminal.tell(`  ${line}`);
}
