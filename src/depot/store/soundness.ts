/** A package whose own files say what nobody could carry out is not given to a thousand hosts. */
import { printable } from '../../bytes/bytes.ts';
import type { Host } from '../../host/transaction.ts';
import { EXIT, XhError } from '../../message/error.ts';
import type { PackageEntry } from '../../package/entries.ts';
import type { Config } from '../../site/config.ts';
import { adminFiles, fileTypes, targets } from '../check/admin.ts';
import { fragments } from '../check/fragments.ts';
import { packageSubject } from '../check/subject.ts';

/** @throws XhError E_PUBLISH_CHECK (3) with what `xh check` finds wrong in its metadata */
export function demandSound(host: Host, config: Config, entry: PackageEntry): void {
  const subject = packageSubject(host, config, entry);
  const wrong = [adminFiles, targets, fileTypes, fragments]
    .flatMap((check) => [...(check.ofPackage?.(subject) ?? [])])
    .filter(({ severity }) => severity === 'error');
  const [first] = wrong;
  if (first === undefined) return;
  const { path, line, message, remedy } = first;
  const place = [printable(path), line].filter((part) => part !== undefined).join(':');
  const more = wrong.length === 1 ? '' : `, and ${wrong.length - 1} more`;
  throw new XhError('E_PUBLISH_CHECK', `${place}: ${message}${more}`, {
    exit: EXIT.refused,
    remedy: `${remedy}; xh check ${printable(entry.directory)} shows all`,
  });
}
