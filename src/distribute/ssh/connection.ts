/**
 * A connection to another host by the system's ssh: nothing is ever asked at a terminal, a host that
 * does not answer is given up, and when it fails it is told why, and what is to be done.
 */
import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { bytes, printable } from '../../bytes/bytes.ts';
import type { XhError } from '../../message/error.ts';
import { SAYS_NOTHING, strangerText } from './frames.ts';
import type { Reason } from './protocol.ts';

export interface SshHost {
  /** As ssh is to be given it: a host name or an address. */
  readonly address: string;
  readonly user?: string;
  readonly port?: number;
  /** Of ssh_config(5), the first of each counts. */
  readonly options: readonly string[];
  /** What is run there; a key that is confined to a command runs that one. */
  readonly command: string;
}

export interface SshOptions {
  /** Words. */
  readonly program: readonly string[];
  /** Seconds. */
  readonly connectTimeout: number;
}

export interface Connection {
  readonly input: Readable;
  readonly output: Writable;
  /** How it ended. */
  readonly ended: Promise<Ended>;
  /** What was said on standard error up to now, by ssh and by the other end. */
  said(): string;
  /** Ends it at once. */
  kill(): void;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  /** ssh itself could not be run. */
  readonly problem?: string;
}

/** The words of the command. */
export function sshWords(host: SshHost, { program, connectTimeout }: SshOptions): string[] {
  const { address, user, port, options, command } = host;
  const ours = [
    // nobody is there to be asked
    'BatchMode=yes',
    `ConnectTimeout=${connectTimeout}`,
    'ConnectionAttempts=1',
    // a host that has died is noticed after so many times so many seconds
    `ServerAliveInterval=${Math.max(1, Math.min(15, connectTimeout))}`,
    'ServerAliveCountMax=3',
    'ForwardAgent=no',
    'ForwardX11=no',
    'ClearAllForwardings=yes',
    'PermitLocalCommand=no',
    'RequestTTY=no',
    'EscapeChar=none',
  ];
  return [
    ...program,
    ...[...ours, ...options].flatMap((option) => ['-o', option]),
    ...(port === undefined ? [] : ['-p', `${port}`]),
    ...(user === undefined ? [] : ['-l', user]),
    '--',
    address,
    command,
  ];
}

export function connect(host: SshHost, options: SshOptions): Connection {
  const [program = 'ssh', ...words] = sshWords(host, options);
  const environment = { ...process.env };
  // no window is to come up, either
  delete environment['DISPLAY'];
  delete environment['SSH_ASKPASS'];
  const child = spawn(program, words, {
    stdio: 'pipe',
    env: { ...environment, SSH_ASKPASS_REQUIRE: 'never', LC_ALL: 'C' },
    // without a terminal to ask at
    detached: true,
  });
  let said = '';
  child.stderr.setEncoding('latin1').on('data', (text: string) => {
    said = `${said}${text}`.slice(-KEPT);
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('error', (error) => {
      resolve({ code: null, signal: null, problem: error.message });
    });
    child.once('exit', (code, signal) => {
      // what ssh has left running may hold the other ends of its pipes
      const enough = setTimeout(tell, LAST_WORDS);
      function tell(): void {
        clearTimeout(enough);
        resolve({ code, signal });
      }
      child.once('close', tell);
    });
  });
  return {
    input: child.stdout,
    output: child.stdin,
    ended,
    said: () => said,
    kill() {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      child.stdout.destroy();
      try {
        // with whatever ssh has started to get there
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        child.kill('SIGKILL');
      }
    },
  };
}

/**
 * Why a connection has failed, as far as ssh says it: the same words for all hosts with the same
 * trouble, so that they can be told together.
 * @param error what was noticed here
 */
export function whyEnded(ended: Ended, said: string, error: XhError | undefined): Reason {
  const { code, signal, problem } = ended;
  if (problem !== undefined) {
    return {
      code: 'E_SSH_PROGRAM',
      message: `ssh cannot be run: ${problem}`,
      remedy: "is it installed? 'ssh.program' in /etc/xhier.toml says which one is run",
    };
  }
  const lines = said
    .split('\n')
    .map((line) => printable(bytes(Buffer.from(line, 'latin1').toString().trim())))
    .filter((line) => line !== '');
  const isStranger = error?.code === 'E_CHANNEL_STRANGER';
  // what is wrong with what has come is told as it is
  if (error !== undefined && !isStranger && error.code !== 'E_CHANNEL_CUT') return reasonOf(error);
  const last = lines.at(-1)?.slice(0, SHOWN);
  if (code === 255) {
    const troubles = TROUBLES.filter(({ later = false }) => later !== isStranger);
    const known = troubles.find(({ says }) => lines.some((line) => says.test(line)));
    const shown = lines.find((line) => known?.says.test(line))?.slice(0, SHOWN) ?? '';
    if (known !== undefined) {
      return { code: known.code, message: known.message ?? shown, remedy: known.remedy };
    }
    if (isStranger && !error.message.endsWith(SAYS_NOTHING)) return reasonOf(error);
    return isStranger
      ? {
          code: 'E_SSH',
          message: `ssh has failed: ${last ?? 'it says nothing'}`,
          remedy: 'try the same by hand: ssh -o BatchMode=yes HOST',
        }
      : { code: 'E_SSH_LOST', message: 'the connection has broken off', remedy: AGAIN };
  }
  if (isStranger && (code === 127 || code === 126)) {
    return {
      code: 'E_NO_XH_THERE',
      message: 'there is no xh there that could be run',
      remedy:
        'install xhier there, or say where it is: command="/path/xh receive" in authorized_keys, or \'receive\' of the host in /etc/xhier.toml',
    };
  }
  if (isStranger) {
    // on standard error it has perhaps said something by which one knows it
    const speaks = !error.message.endsWith(SAYS_NOTHING) || last === undefined;
    return speaks ? reasonOf(error) : { ...reasonOf(error), message: strangerText(last) };
  }
  const how = signal === null ? `with ${code ?? 'nothing'}` : `by ${signal}`;
  return {
    code: 'E_FAR_END',
    message: `xh receive has ended there (${how}) before it was done${last === undefined ? '' : `: ${last}`}`,
    remedy: AGAIN,
  };
}

export function reasonOf({ code, message, remedy }: XhError): Reason {
  return { code, message, ...(remedy !== undefined && { remedy }) };
}

interface Trouble {
  readonly says: RegExp;
  readonly code: string;
  /** Instead of ssh's own words, which name the host. */
  readonly message?: string;
  readonly remedy: string;
  /** Whether it comes when the connection had been up, and not before. */
  readonly later?: true;
}

/** In the order in which they are looked for: what ssh says first is often not the reason. */
const TROUBLES: readonly Trouble[] = [
  {
    says: /REMOTE HOST IDENTIFICATION HAS CHANGED|host key for .{1,300} has changed/i,
    code: 'E_SSH_KEY_CHANGED',
    message: 'its host key is another one than is known',
    remedy:
      'was it installed anew? then: ssh-keygen -R HOST, and get the new key from its administrator; else somebody stands between',
  },
  {
    says: /Host key verification failed|No .{1,40} host key is known/,
    code: 'E_SSH_KEY_UNKNOWN',
    message: 'its host key is not known here',
    remedy:
      'log in once by hand as the user who distributes, and compare the fingerprint; or add it to /etc/ssh/ssh_known_hosts',
  },
  {
    says: /Permission denied/,
    code: 'E_SSH_DENIED',
    message: 'it does not let us in: no key of ours is in authorized_keys there',
    remedy:
      'add the line command="xh receive --allow \'*\'",restrict KEY there; a key with a passphrase needs an agent',
  },
  {
    says: /Could not resolve hostname|Name or service not known/,
    code: 'E_SSH_NAME',
    message: 'its name is not known to the network',
    remedy: "is it spelt right? 'address' of the host in /etc/xhier.toml says where it is",
  },
  {
    says: /Connection refused/,
    code: 'E_SSH_REFUSED',
    message: 'no sshd listens there (connection refused)',
    remedy: "start sshd there, or say its 'port' in /etc/xhier.toml",
  },
  {
    says: /No route to host|Network is unreachable|Host is down/,
    code: 'E_SSH_UNREACHABLE',
    message: 'there is no way to it (is it down?)',
    remedy: 'when it is up again: xh distribute --retry',
  },
  {
    says: /not responding|Connection to .{1,300} timed out/,
    code: 'E_SSH_LOST',
    later: true,
    message: 'it has stopped to answer',
    remedy: 'when it is up again: xh distribute --retry',
  },
  {
    says: /timed out/i,
    code: 'E_SSH_TIMEOUT',
    message: 'it does not answer (timed out)',
    remedy: 'when it is up again: xh distribute --retry',
  },
  {
    says: /Bad configuration option|Bad owner or permissions|keyword .{1,100} extra arguments|no argument after keyword|terminating, \d+ bad configuration/,
    code: 'E_SSH_OPTION',
    remedy: "mend 'options' of the host, or 'ssh.options', in /etc/xhier.toml, or ssh's own file",
  },
  {
    says: /kex_exchange_identification|banner exchange|Connection (?:reset|closed) by/,
    code: 'E_SSH_CLOSED',
    message: 'it has closed the connection at once',
    remedy:
      'its log says why (too many at a time? MaxStartups of sshd_config); then: xh distribute --retry',
  },
];

const AGAIN = 'distribute again: what has arrived whole is not fetched twice';
/** Milliseconds in which what was said last is read. */
const LAST_WORDS = 1000;
/** Characters. */
const KEPT = 64 << 10;
const SHOWN = 200;
