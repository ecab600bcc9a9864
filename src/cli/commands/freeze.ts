/** `xh freeze [PKG…]`. */
import { bytes, printable, type Bytes } from '../../bytes/bytes.ts';
import { frozenAt, frozenIn, planFreeze } from '../../depot/pull/freeze.ts';
import { createDraft } from '../../host/draft.ts';
import { toJsonText } from '../../host/json.ts';
import { applyPlan } from '../../host/apply.ts';
import { visitHost } from '../../host/transaction.ts';
import { EXIT, XhError, type ExitCode } from '../../message/error.ts';
import { findPackage } from '../../package/read.ts';
import type { Site } from '../../site/site.ts';
import { changeHost, dryRun, namesText } from '../carry-out.ts';
import { DRY_RUN_OPTION, JSON_OPTION, REASON_OPTION, type Call, type Command } from '../command.ts';
import { columns } from '../table.ts';

export const command: Command = {
  usage: '[package...]',
  details:
    'Holds packages at what they are on this host: xh pull passes them over, whatever is published,\n' +
    'until xh thaw, or until the day that --until names. Without packages, shows which are held, since\n' +
    'when, by whom and why. Nothing else changes: a frozen package is installed, used and taken out like\n' +
    'any other, and xh status shows that it is frozen.',
  options: [
    { flags: '--until <date>', summary: 'until that day (2027-01-31), or that time' },
    DRY_RUN_OPTION,
    JSON_OPTION,
    REASON_OPTION,
  ],
  examples: [
    {
      command: 'xh freeze gcc --until 2027-01-31 -m "thesis deadline"',
      explains: 'the compiler stays what it is until the day comes',
    },
    { command: 'xh freeze', explains: 'what is held here, and why' },
  ],
  run(call) {
    if (call.args.length === 0) return show(call);
    const { options, terminal } = call;
    const reason = options['message'];
    const until = untilOption(options['until']);
    const planOn = (host: Parameters<typeof planFreeze>[0]) =>
      planFreeze(host, call.config(), {
        packages: directoriesNamed(call.site, call.args),
        ...(until !== undefined && { until }),
        ...(typeof reason === 'string' && { reason }),
      });
    if (options['dryRun'] === true) return dryRun(call, planOn);
    return changeHost(call, (host) => {
      const plan = planOn(host);
      applyPlan(host.walker, plan);
      const end = until === undefined ? '' : ` until ${new Date(until).toISOString()}`;
      terminal.tell(`${namesText(plan.packages)}: frozen${end}`);
      return EXIT.done;
    });
  },
};

/** The directories of packages as users name them. @throws XhError E_NO_PACKAGE */
export function directoriesNamed(site: Site, words: readonly string[]): Bytes[] {
  return words.map((word) => findPackage(site, bytes(word)).directory);
}

function show({ site, terminal, options }: Call): ExitCode {
  const all = visitHost(site, ({ walker }) => [...frozenIn(createDraft(walker)).values()]);
  const now = Date.now();
  const held = all.filter((each) => frozenAt(new Map([[each.package, each]]), each.package, now));
  if (options['json'] === true) terminal.print(toJsonText(held, 2));
  else if (held.length === 0) terminal.tell('nothing is frozen');
  else {
    const rows = held.map(({ package: directory, since, until, user, reason }) => [
      printable(directory),
      `since ${since.slice(0, 10)}`,
      until === undefined ? 'for good' : `until ${until.slice(0, 16).replace('T', ' ')}`,
      `by ${user}`,
      reason ?? '',
    ]);
    for (const line of columns(rows)) terminal.print(line);
  }
  return EXIT.done;
}

/** A day ends with its last moment, at this host's midnight. */
function untilOption(word: unknown): number | undefined {
  if (typeof word !== 'string') return undefined;
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(word);
  const isTime =
    /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?$/.test(word);
  const time = Date.parse(isDay ? `${word}T23:59:59.999` : word);
  if (!(isDay || isTime) || Number.isNaN(time))
    throw badDate(`'${printable(bytes(word))}' is no date`);
  if (time <= Date.now()) throw badDate(`${word} is over`);
  return time;
}

function badDate(what: string): XhError {
  return new XhError('E_USAGE', what, {
    exit: EXIT.usage,
    remedy: 'write a day or a time to come: 2027-01-31, 2027-01-31T18:00',
  });
}
