/** Keeping the path table that showpath reads up to date. */
import { b, type Bytes } from '../bytes/bytes.ts';
import { PATH_TABLE_NAME, renderPathTable, standardPathTable } from '../showpath/pathTable.ts';
import { vendorDirectories } from '../showpath/vendor.ts';
import type { Planning } from './context.ts';

const PATH: Bytes = b`/.software/local/.admin/${PATH_TABLE_NAME}`;

/** Plans the path table as it should be; a table that is right already is left alone. */
export function planPathTable({ draft, host }: Planning): void {
  const table = standardPathTable(host.site, vendorDirectories(host.site));
  draft.write(PATH, renderPathTable(table), { bookkeeping: true });
}
