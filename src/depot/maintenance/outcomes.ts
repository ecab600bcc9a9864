/** What maintenance adds to the host's record of itself: that it is alive, and what could not be installed. */
import type { Bytes } from '../../bytes/bytes.ts';
import type { PackageOutcome } from '../../distribute/status/host-record.ts';
import type { Finding } from '../../report/finding.ts';

/**
 * The outcomes of a night in which everything installed was brought up to date. Pure.
 * @param pulls whether a pull says of each package how it stands; else that it is installed is said here
 */
export function outcomesOf(
  findings: readonly Finding[],
  installed: readonly Bytes[],
  pulls: boolean,
): readonly PackageOutcome[] {
  const failed = new Map(
    findings.flatMap(({ code, package: of, text }) =>
      code === 'install' && of !== undefined ? [[of, text.split('\n')[0] ?? '']] : [],
    ),
  );
  return installed.flatMap((directory): PackageOutcome[] => {
    const message = failed.get(directory);
    if (message !== undefined) return [{ package: directory, result: 'failed', message }];
    return pulls ? [] : [{ package: directory, result: 'installed' }];
  });
}
