/** Commands of the rules, run by the shell once the object that they are for is in place. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { isAscii, toBuffer, toText, utf8, type Bytes } from '../../bytes/bytes.ts';
import { XhError } from '../../message/error.ts';
import { commandLine } from '../rules/variables.ts';

/**
 * Runs `script` by `/bin/sh -c`, in the root directory; what it prints goes to standard error.
 * Signals are let in while it runs.
 * @throws XhError E_LFU_EXEC when it fails
 */
export async function runScript(script: Bytes): Promise<void> {
  const how = await failureOf(script);
  if (how === undefined) return;
  throw new XhError('E_LFU_EXEC', `its command failed: ${how}`, {
    remedy: `it will not be run again before the object changes again; by hand: ${commandLine(script)}`,
  });
}

async function failureOf(script: Bytes): Promise<string | undefined> {
  const shell = spawn('/bin/sh', ['-c', argument(script)], { cwd: '/', stdio: ['ignore', 2, 2] });
  try {
    const [status, signal] = (await once(shell, 'close')) as [number | null, string | null];
    if (status === 0) return undefined;
    return signal === null ? `exit status ${status ?? '?'}` : `was ended by ${signal}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Arguments have to be UTF-8 here: what is not is spelt for printf(1), in octal. */
function argument(script: Bytes): string {
  if (isAscii(script) || utf8(script) !== undefined) return toText(script);
  const octal = [...toBuffer(script)]
    .map((byte) => `\\${byte.toString(8).padStart(3, '0')}`)
    .join('');
  // a substitution loses the newlines at the end, so there is something behind them
  return `lfu_script=$(printf '${octal}.'); eval "\${lfu_script%.}"`;
}
