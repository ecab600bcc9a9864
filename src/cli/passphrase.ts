/** Passphrases of private keys: from the environment, from a file, or typed by somebody who sees nothing of it. */
import { readFileSync } from 'node:fs';
import { bytes, printable, type Bytes } from '../bytes/bytes.ts';
import { isEncrypted, signingKeyNamed } from '../distribute/keys.ts';
import type { SigningKey } from '../distribute/store/signed.ts';
import { asFileError } from '../files/error.ts';
import { EXIT, XhError } from '../message/error.ts';
import type { Call } from './command.ts';

/**
 * A private key of this host, its passphrase asked for when it has one.
 * @throws XhError E_KEY_UNKNOWN, E_KEY; E_PASSPHRASE when nobody can be asked
 */
export async function signingKey(call: Call, name: Bytes): Promise<SigningKey> {
  if (!isEncrypted(call.site, name)) return signingKeyNamed(call.site, name);
  const given = givenPassphrase();
  if (given !== undefined) return signingKeyNamed(call.site, name, given);
  if (!call.terminal.interactive) {
    throw new XhError(
      'E_PASSPHRASE',
      `the key ${printable(name)} has a passphrase, and there is nobody to type it`,
      {
        exit: EXIT.usage,
        remedy: 'put it into XH_PASSPHRASE, or into a file that XH_PASSPHRASE_FILE names',
      },
    );
  }
  return signingKeyNamed(call.site, name, await ask(`passphrase of the key ${printable(name)}: `));
}

/** For a new key: undefined for none. @throws XhError E_PASSPHRASE when it was not typed the same twice */
export async function newPassphrase(call: Call, name: Bytes): Promise<string | undefined> {
  const given = givenPassphrase();
  if (given !== undefined) return given;
  if (!call.terminal.interactive) return undefined;
  const first = await ask(`passphrase for the new key ${printable(name)} (nothing for none): `);
  if (first === '') return undefined;
  if ((await ask('once more: ')) === first) return first;
  throw new XhError('E_PASSPHRASE', 'that was not the same passphrase', {
    exit: EXIT.usage,
    remedy: 'no key was made: try again',
  });
}

/** @throws FileError */
function givenPassphrase(): string | undefined {
  const { XH_PASSPHRASE: text = '', XH_PASSPHRASE_FILE: file = '' } = process.env;
  if (text !== '') return text;
  if (file === '') return undefined;
  try {
    const [line = ''] = readFileSync(file, 'utf8').split('\n');
    return line;
  } catch (error) {
    throw asFileError(error, bytes(file));
  }
}

/** Asks on the terminal, which shows nothing of what is typed. @throws XhError E_INTERRUPTED */
function ask(question: string): Promise<string> {
  const { stdin, stderr } = process;
  return new Promise((resolve, reject) => {
    let typed = '';
    const end = (finish: () => void): void => {
      stdin.off('data', take);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
      finish();
    };
    const take = (piece: string): void => {
      for (const letter of piece) {
        if (letter === '\r' || letter === '\n' || letter === '\u0004') {
          end(() => {
            resolve(typed);
          });
          return;
        }
        if (letter === '\u0003') {
          end(() => {
            reject(new XhError('E_INTERRUPTED', 'interrupted', { exit: EXIT.interrupted }));
          });
          return;
        }
        if (letter === '\u007f' || letter === '\b') typed = typed.replace(/.$/su, '');
        else if (letter === '\u0015') typed = '';
        else typed += letter;
      }
    };
    // first, so that what is typed at once is not shown, either
    stdin.setRawMode(true);
    stdin.setEncoding('utf8');
    stdin.on('data', take);
    stdin.resume();
    stderr.write(question);
  });
}
