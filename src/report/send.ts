/**
 * Sending: through sendmail(8) or mail(1), whichever this host has, or what the site names. Where there
 * is none, or it fails, the letter is kept in `.admin/log/reports`, and its sender shows it: nothing that
 * was found gets lost.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { b, bytes, toText, type Bytes } from '../bytes/bytes.ts';
import { normalize } from '../bytes/path.ts';
import { openRollingLog } from '../files/rolling.ts';
import { makeDirs, type Walker } from '../files/walk.ts';
import type { Config } from '../site/config.ts';
import type { Site } from '../site/site.ts';
import type { Letter } from './letter.ts';
import { mailMessage } from './message.ts';

/** Letters that could not be mailed. */
export const REPORT_LOG = b`/.software/local/.admin/log/reports`;

export type Delivery =
  | { readonly how: 'mailed'; readonly by: string }
  /** In {@link REPORT_LOG}; to be shown to whoever is there. `why`: there was a mailer, and it failed. */
  | { readonly how: 'kept'; readonly why?: string };

export interface Mailer {
  readonly program: string;
  /** sendmail takes headers, mail takes a subject. */
  readonly kind: 'sendmail' | 'mail';
}

/**
 * What mails on this host. Other site roots than those of `refresh-on` are somebody's trial: nothing is
 * mailed from them unless `report.mailer` says so.
 */
export function mailerOf(site: Site, config: Config): Mailer | undefined {
  const { 'report.mailer': configured, 'refresh-on': roots } = config.values;
  if (configured === '') return undefined;
  if (configured !== undefined) return { program: toText(configured), kind: kindOf(configured) };
  if (!roots.includes(normalize(site.root))) return undefined;
  return MAILERS.find(({ program }) => isExecutable(program));
}

/** Sends a letter, or keeps it. @throws FileError when it can be neither sent nor kept */
export function sendLetter(walker: Walker, mailer: Mailer | undefined, letter: Letter): Delivery {
  const why = mailer === undefined ? undefined : mail(mailer, letter);
  if (mailer !== undefined && why === undefined) return { how: 'mailed', by: mailer.program };
  keep(walker, letter);
  return { how: 'kept', ...(why !== undefined && { why }) };
}

/** The letter as it is kept and shown. */
export function letterText({ to, subject, body }: Letter): string {
  return `To: ${to.map(toText).join(', ')}\nSubject: ${subject}\n\n${body}`;
}

const MAILERS: readonly Mailer[] = [
  { program: '/usr/sbin/sendmail', kind: 'sendmail' },
  { program: '/usr/lib/sendmail', kind: 'sendmail' },
  { program: '/usr/bin/mail', kind: 'mail' },
  { program: '/usr/bin/mailx', kind: 'mail' },
];

/** Milliseconds; a queue takes a letter at once. */
const PATIENCE = 60_000;

function kindOf(program: Bytes): Mailer['kind'] {
  return /(?:^|\/)(?:mailx?|bsd-mailx|s-nail|heirloom-mailx)$/.test(program) ? 'mail' : 'sendmail';
}

/** @returns why it failed */
function mail({ program, kind }: Mailer, { body, ...rest }: Letter): string | undefined {
  // what is plain ASCII is read everywhere
  const letter = { ...rest, body: body.replaceAll('→', '->') };
  // none begins with '-', nor is a file or a program: see parseMailbox
  const addresses = letter.to.map((address) => toText(address));
  const ended = spawnSync(
    program,
    kind === 'sendmail' ? ['-i', ...addresses] : ['-s', letter.subject, ...addresses],
    {
      input: kind === 'sendmail' ? mailMessage(letter) : letter.body,
      stdio: ['pipe', 'ignore', 'pipe'],
      encoding: 'utf8',
      timeout: PATIENCE,
      killSignal: 'SIGKILL',
    },
  );
  const { error, status } = ended;
  if (status === 0 && error === undefined) return undefined;
  // one that ends at once has not read what it was given, and says why by its status
  if (error !== undefined && !status) return `${program}: ${error.message}`;
  const said = ended.stderr.trim().split('\n')[0] ?? '';
  return `${program} ended with ${String(status ?? ended.signal)}${said === '' ? '' : `: ${said}`}`;
}

function keep(walker: Walker, letter: Letter): void {
  const at = REPORT_LOG.lastIndexOf('/');
  makeDirs(walker, REPORT_LOG.slice(0, at) as Bytes);
  const place = walker.locate(REPORT_LOG, { follow: true });
  const log = openRollingLog(place.dir, place.name, { size: 1 << 20, keep: 4 });
  try {
    log.append(`${letterText(letter)}${bytes('-- ')}`);
  } finally {
    log.close();
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
