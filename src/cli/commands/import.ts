/** `xh import SOURCE`. */
import { resolve } from 'node:path';
import { bytes, printable } from '../../bytes/bytes.ts';
import { importSoftware, softwareNames, type ImportResult } from '../../depot/import.ts';
import { applyPlan } from '../../host/apply.ts';
import { toJsonText } from '../../host/json.ts';
import { visitHost } from '../../host/transaction.ts';
import { EXIT } from '../../message/error.ts';
import { findingText } from '../../package/import/findings.ts';
import { packagePath } from '../../site/site.ts';
import { changeHost, showPlan } from '../carry-out.ts';
import { DRY_RUN_OPTION, JSON_OPTION, type Call, type Command } from '../command.ts';
import { textOption } from '../option-values.ts';

export const command: Command = {
  usage: '<source...>',
  details:
    'Makes a package of software that exists: a .deb, a tarball with a prefix tree, or a directory that\n' +
    "'make DESTDIR=… install' left. Nothing of it is run. Its files are sorted into file types, its\n" +
    'dependencies are carried over, and what may need a look (old paths inside files, set-id bits,\n' +
    'scripts of its packager) is reported. Hostile archives are refused whole.',
  options: [
    { flags: '--name <name>', summary: 'name of the package, instead of its own' },
    { flags: '--version <version>', summary: 'version, instead of its own' },
    { flags: '--versioned', summary: 'stand as NAME-VERSION, beside other versions' },
    { flags: '--maintainer <address>', summary: 'who answers for it' },
    { flags: '--origin <path>', summary: 'the absolute path that it was built for' },
    { flags: '--replace', summary: 'take the place of a package of that name, in one step' },
    { flags: '--allow-set-id', summary: 'keep set-user-id and set-group-id bits' },
    { flags: '--allow-outside-links', summary: 'keep absolute links that lead out of it' },
    DRY_RUN_OPTION,
    JSON_OPTION,
  ],
  examples: [
    { command: 'xh import tree_2.1.0-1_amd64.deb', explains: 'a Debian package' },
    { command: 'xh import ./stage --name hello --version 2.12', explains: 'an installed prefix' },
  ],
  async run(call) {
    const { options, terminal } = call;
    const requests = call.args.map((source) => ({
      source: bytes(resolve(source)),
      versioned: options['versioned'] === true,
      replace: options['replace'] === true,
      allowSetId: options['allowSetId'] === true,
      allowOutsideLinks: options['allowOutsideLinks'] === true,
      ...textOption(options, 'name', bytes),
      ...textOption(options, 'version', bytes),
      ...textOption(options, 'origin', bytes),
      ...textOption(options, 'maintainer', (text) => text),
    }));
    const companions =
      requests.length > 1 ? await softwareNames(requests.map(({ source }) => source)) : [];
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
        applyPlan(host.walker, result.plan, { contents: result.contents });
        const { directory, version, objects, findings } = result;
        const path = printable(packagePath(call.site, directory));
        if (options['json'] === true) {
          terminal.print(toJsonText({ package: directory, version, path: bytes(path), findings }));
        }
        terminal.tell(
          `imported ${printable(directory)}${version === undefined ? '' : ` ${printable(version)}`}: ${objects} objects in ${path}`,
        );
        tellFindings(call, result);
      }
      return EXIT.done;
    });
  },
};

/** Warnings always, notes with --verbose. */
function tellFindings({ terminal }: Call, { findings }: ImportResult): void {
  for (const finding of findings) {
    const text = `  ${finding.severity}: ${findingText(finding)}`;
    if (finding.severity === 'warning') terminal.tell(text);
    else terminal.detail(text);
  }
}
