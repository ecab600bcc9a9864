/**
 * The version of this program. The build puts the one of package.json in its place, so that no
 * program reads a file at start-up to answer `--version`.
 */
declare const XHIER_VERSION: string | undefined;

/** The version, e.g. `0.1.0`; `0.0.0-source` when run from the sources without a build. */
export const version: string = typeof XHIER_VERSION === 'string' ? XHIER_VERSION : '0.0.0-source';
