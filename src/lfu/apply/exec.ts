/** Commands of the rules, run by the shell once the object that they are for is in place. */
import { spawnSync } from 'node:child_process';
import { isAscii, toBuffer, toText, utf8, type Bytes } from '../../bytes/bytes.ts';
import { XhError } from '../../message/error.ts';

/**
 * Runs `script` by `/bin/sh -c`, in the root directory; what it prints goes to standard error.
 * @throws XhError E_LFU_EXEC when it fails
 */
export function runScript(script: Bytes): void {
  const { status, signal, error } = spawnSync('/bin/sh', ['-c', argument(script)], {
    cwd: '/',
    stdio: ['ignore', 2, 2],
  });
  if (status === 0) return;
  const how =
    error !== undefined
      ? error.message
      : signal !== null
        ? `was ended by ${signal}`
        : `exit status ${status ?? '?'}`;
  throw new XhError('E_LFU_EXEC', `its command failed: ${how}`, {
    remedy: 'it will not be run again before the object changes again: run it by hand',
  });
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
