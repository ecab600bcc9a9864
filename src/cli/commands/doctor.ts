/** `xh doctor [--fix] [PKG…]`. */
import { bytes } from '../../bytes/bytes.ts';
import { diagnose, reasonFor, type Diagnosis } from '../../depot/doctor/doctor.ts';
import type { Found, Repair } from '../../depot/doctor/finding.ts';
import { planRepairs, type Repairs } from '../../depot/doctor/repair.ts';
import { HOST_CHECKS } from '../../depot/doctor/table.ts';
import { toJsonText } from '../../host/json.ts';
import { visitHost, type Host } from '../../host/transaction.ts';
import { EXIT, XhError, type ExitCode } from '../../message/error.ts';
import { changeHost, commit, showPlan, tellServices } from '../carry-out.ts';
import { DRY_RUN_OPTION, JSON_OPTION, REASON_OPTION, type Call, type Command } from '../command.ts';
import { countText } from '../figures.ts';
import { reportError } from '../report.ts';
import { columns } from '../table.ts';

export const command: Command = {
  usage: '[package...]',
  details:
    'Looks over the whole host: configuration, trees, records, history, packages and what they need,\n' +
    'links, path table, system files, what killed commands have left, lfu, permissions, room, the machine.\n' +
    'Each finding says what is wrong, how it came where that is known, and the command that mends it. With\n' +
    'names, only what is about those packages. It works on a host that is broken: what cannot be checked\n' +
    'is a finding, too.\n\n' +
    '--fix mends what can be mended without losing anything of anybody’s, in one generation, which xh rollback\n' +
    'takes back (names and trees before all else, in one of their own); with --yes also what people may have meant. The rest is left to you, with its\n' +
    'command. The exit code is 0 when nothing but notes is left, 1 otherwise.',
  options: [
    { flags: '--fix', summary: 'mend what is safe to mend; with --yes more' },
    DRY_RUN_OPTION,
    REASON_OPTION,
    JSON_OPTION,
    { flags: '--list', summary: 'name the checks, and what each looks for' },
  ],
  examples: [
    { command: 'xh doctor', explains: 'is anything wrong here?' },
    { command: 'xh doctor --fix --dry-run', explains: 'what would be mended, and how' },
    { command: 'xh doctor --fix', explains: 'mend it, and see what is left' },
    { command: 'xh doctor -q', explains: 'from cron: silent and exit 0 when all is well' },
  ],
  async run(call) {
    const { options } = call;
    if (options['list'] === true) return list(call);
    const about = call.args.map((word) => bytes(word));
    const look = (host: Host): Diagnosis => diagnose(host, () => call.config(), about);
    if (options['fix'] !== true) {
      const diagnosis = visitHost(call.site, look);
      show(call, diagnosis, []);
      return exitFor(diagnosis.findings);
    }
    const before = visitHost(call.site, look);
    const asked = options['yes'] === true;
    // also while the file cannot be read
    const able: Call = { ...call, config: () => before.config };
    if (options['dryRun'] === true) {
      return visitHost(call.site, (host) => {
        const repairs = planRepairs(host, before.config, before.findings, { asked });
        for (const finding of mendedBy(repairs, before.findings)) {
          call.terminal.tell(`would mend: ${finding.message}`);
        }
        return showPlan(able, host, repairs.plan);
      });
    }
    return fix(able, before, { asked, look });
  },
};

interface Fixing {
  readonly asked: boolean;
  readonly look: (host: Host) => Diagnosis;
}

/** Names of trees are mended before the rest is looked at: rarely more than one round. */
const MOST_ROUNDS = 3;

async function fix(call: Call, before: Diagnosis, { asked, look }: Fixing): Promise<ExitCode> {
  const can = before.findings.some(({ repair }) => repair?.when === 'safe' || (asked && repair));
  if (!can) {
    show(call, before, []);
    return exitFor(before.findings);
  }
  try {
    return await changeHost(call, (host) => {
      const seen: Found[] = [...before.findings];
      let failed: ReadonlyMap<Repair, string> = new Map();
      const made: number[] = [];
      // taking the lock has settled the journal, and made the names right
      let now = look(host);
      for (let round = 0; round < MOST_ROUNDS; round++) {
        const repairs = planRepairs(host, before.config, now.findings, { asked });
        ({ failed } = repairs);
        if (repairs.made.size === 0) break;
        const reason = call.options['message'] ?? reasonFor(mendedBy(repairs, now.findings));
        const told = { ...call, options: { ...call.options, message: reason } };
        const generation = commit(told, host, repairs.plan);
        tellServices(call, host, repairs.plan);
        if (generation !== undefined) made.push(generation);
        seen.push(...now.findings);
        now = look(host);
      }
      const gone = goneFrom(seen, now.findings);
      show(call, now, gone, { failed, generations: made });
      return exitFor(now.findings);
    });
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    print(call, visitHost(call.site, look), []);
    return reportError(error, call.terminal);
  }
}

/** What was found and is not found any more, each once. */
function goneFrom(seen: readonly Found[], left: readonly Found[]): readonly Found[] {
  const key = ({ check, message }: Found): string => `${check} ${message}`;
  const keys = new Set(left.map(key));
  const gone = seen.filter((each) => each.repair !== undefined && !keys.has(key(each)));
  return [...new Map(gone.map((each) => [key(each), each])).values()];
}

function mendedBy({ made }: Repairs, findings: readonly Found[]): readonly Found[] {
  return findings.filter(({ repair }) => repair !== undefined && made.has(repair));
}

interface Fixed {
  readonly failed: Repairs['failed'];
  readonly generations: readonly number[];
}

function show(call: Call, diagnosis: Diagnosis, mended: readonly Found[], fixed?: Fixed): void {
  const { terminal, options } = call;
  print(call, diagnosis, mended, fixed);
  if (options['json'] === true) return;
  const { findings, packages } = diagnosis;
  for (const why of new Set(fixed?.failed.values())) terminal.warn(`not mended: ${why}`);
  terminal.tell(summary(findings, packages, mended, fixed?.generations ?? []));
}

/** To standard output. */
function print(
  { terminal, options }: Call,
  { findings, packages }: Diagnosis,
  mended: readonly Found[],
  fixed?: Fixed,
): void {
  if (options['json'] === true) {
    const plain = ({ repair, ...finding }: Found): unknown => ({
      ...finding,
      ...(repair !== undefined && { fix: repair.when }),
    });
    const { generations } = fixed ?? {};
    terminal.print(
      toJsonText(
        { packages, findings: findings.map(plain), mended: mended.map(plain), generations },
        2,
      ),
    );
    return;
  }
  const { out } = terminal;
  for (const { message, check } of mended) {
    terminal.print(`${out.green('mended')}   ${message} ${out.dim(`[${check}]`)}`);
  }
  for (const { severity, message, cause, remedy, check } of findings) {
    if (severity === 'note' && options['quiet'] === true) continue;
    const tone = severity === 'problem' ? out.red : out.cyan;
    terminal.print(`${tone(severity.padEnd(7))}  ${message} ${out.dim(`[${check}]`)}`);
    if (cause !== undefined) terminal.print(`         ${out.dim(`(${cause})`)}`);
    terminal.print(`         ${out.dim('→')} ${remedy}`);
  }
}

function summary(
  findings: readonly Found[],
  packages: number,
  mended: readonly Found[],
  generations: readonly number[],
): string {
  const problems = findings.filter(({ severity }) => severity === 'problem');
  const notes = findings.length - problems.length;
  const done =
    mended.length === 0
      ? []
      : [
          `${mended.length} mended${generations.length === 0 ? '' : ` (generation ${generations.join(', ')})`}`,
        ];
  const counts = [
    ...done,
    ...(problems.length > 0 ? [countText(problems.length, 'problem')] : []),
    ...(notes > 0 ? [countText(notes, 'note')] : []),
  ];
  const safe = problems.filter(({ repair }) => repair?.when === 'safe').length;
  const asked = problems.filter(({ repair }) => repair?.when === 'asked').length;
  const can = [
    ...(safe > 0 ? [`xh doctor --fix mends ${safe}`] : []),
    ...(asked > 0 ? [`--fix --yes ${asked}${safe > 0 ? ' more' : ''}`] : []),
  ];
  if (problems.length === 0) {
    const well =
      packages === 0 ? 'nothing is installed here, and nothing is wrong' : 'this host is well';
    return [well, ...counts].join('; ');
  }
  return `${counts.join(', ')}${can.length === 0 ? '' : `: ${can.join(', ')}`}`;
}

function list({ options, terminal }: Call): ExitCode {
  const checks = HOST_CHECKS.map(({ id, what }) => ({ id, what }));
  if (options['json'] === true) terminal.print(JSON.stringify(checks, undefined, 2));
  else for (const line of columns(checks.map(({ id, what }) => [id, what]))) terminal.print(line);
  return EXIT.done;
}

function exitFor(findings: readonly Found[]): ExitCode {
  return findings.some(({ severity }) => severity === 'problem') ? EXIT.failed : EXIT.done;
}
