/** `xh mkpkg NAME`. */
import { resolve } from 'node:path';
import { bytes, printable } from '../../bytes/bytes.ts';
import { planMkpkg } from '../../depot/mkpkg.ts';
import { applyPlan } from '../../host/apply.ts';
import { EXIT } from '../../message/error.ts';
import { packagePath } from '../../site/site.ts';
import { changeHost, dryRun } from '../carry-out.ts';
import { DRY_RUN_OPTION, JSON_OPTION, type Command } from '../command.ts';
import { textOption } from '../option-values.ts';

export const command: Command = {
  usage: '<name>',
  details:
    "Makes the skeleton of a package from templates (the site's own in /etc/xhier/templates win), in one\n" +
    'step that leaves nothing behind when it fails. --from takes over the contents of a directory.',
  options: [
    { flags: '--from <dir>', summary: 'take over what is in this directory' },
    { flags: '--version <version>', summary: 'the version of the software' },
    { flags: '--versioned', summary: 'stand as NAME-VERSION, beside other versions' },
    { flags: '--maintainer <address>', summary: 'who answers for it' },
    { flags: '--arch-independent', summary: 'everything is shared by all architectures' },
    DRY_RUN_OPTION,
    JSON_OPTION,
  ],
  examples: [
    { command: 'xh mkpkg hello', explains: 'an empty package to put things in' },
    {
      command: 'xh mkpkg hello --version 2.12 --from ./stage',
      explains: 'a package of what a build installed into ./stage (bin/, man/ …)',
    },
  ],
  async run(call) {
    const { options, terminal } = call;
    const request = {
      name: bytes(call.args[0] ?? ''),
      versioned: options['versioned'] === true,
      architectureIndependent: options['archIndependent'] === true,
      ...textOption(options, 'maintainer', (text) => text),
      ...textOption(options, 'version', bytes),
      ...textOption(options, 'from', (path) => bytes(resolve(path))),
    };
    if (options['dryRun'] === true) {
      return dryRun(call, (host) => planMkpkg(host, call.config(), request).plan);
    }
    return changeHost(call, (host) => {
      const { plan, directory, contents } = planMkpkg(host, call.config(), request);
      applyPlan(host.walker, plan, { contents, progress: host.progress });
      const path = printable(packagePath(call.site, directory));
      if (options['json'] === true)
        terminal.print(JSON.stringify({ package: printable(directory), path }));
      terminal.tell(`made ${path}`);
      return EXIT.done;
    });
  },
};
