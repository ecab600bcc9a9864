/** What ships with the program, of what it cannot do without. */
import { bytes, type Bytes } from '../bytes/bytes.ts';
import { shippedPath } from '../files/shipped.ts';

/** The absolute path of a shipped directory. */
export function shipped(name: 'templates' | 'software' | 'rules'): Bytes {
  const path = shippedPath(name);
  if (path === undefined) throw new Error(`the installation is not whole: ${name} is missing`);
  return bytes(path);
}
