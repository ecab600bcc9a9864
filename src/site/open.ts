/** Finding the site root: `--root DIR`, else `$XH_ROOT`, else `/`. */
import { realpathSync, statSync } from 'node:fs';
import { bytes, fromBuffer, toBuffer } from '../bytes/bytes.ts';
import { EXIT, XhError } from '../message/error.ts';
import type { Site } from './site.ts';

/**
 * The site at `root`, by its real path.
 * @throws XhError E_NO_ROOT (exit 2) when it is no directory
 */
export function openSite(root: string | undefined): Site {
  const fromEnvironment = process.env['XH_ROOT'];
  const asked = root ?? (fromEnvironment === '' ? undefined : fromEnvironment) ?? '/';
  const path = bytes(asked);
  try {
    const real = realpathSync(toBuffer(path), 'buffer');
    if (statSync(real).isDirectory()) return { root: fromBuffer(real) };
  } catch (error) {
    throw noRoot(asked, root !== undefined, error);
  }
  throw noRoot(asked, root !== undefined);
}

function noRoot(asked: string, byOption: boolean, cause?: unknown): XhError {
  const source = byOption ? '--root' : 'XH_ROOT';
  return new XhError('E_NO_ROOT', `${source} ${asked}: the site root is not a directory`, {
    exit: EXIT.usage,
    place: { file: bytes(asked) },
    remedy: `make it first: mkdir -p ${asked}`,
    cause,
  });
}
