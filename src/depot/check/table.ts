/** The one table of checks of packages, in the order in which their findings are told. */
import { accounts, adminFiles, dependencies, described, fileTypes, targets } from './admin.ts';
import { fragments } from './fragments.ts';
import { links, neededLibraries, runPaths, sonames } from './libraries.ts';
import { manualPages } from './manual.ts';
import { leftOvers, portableNames, sharedNames, sizes } from './names.ts';
import type { PackageCheck } from './package-check.ts';
import { readable, reservedNames, setId, specialFiles, writable } from './permissions.ts';
import { architectures, commands, hardWired, installScript, interpreters } from './programs.ts';

export const PACKAGE_CHECKS: readonly PackageCheck[] = [
  adminFiles,
  described,
  accounts,
  dependencies,
  targets,
  fileTypes,
  installScript,
  fragments,
  commands,
  interpreters,
  architectures,
  neededLibraries,
  runPaths,
  sonames,
  links,
  setId,
  writable,
  readable,
  specialFiles,
  reservedNames,
  manualPages,
  hardWired,
  sharedNames,
  portableNames,
  leftOvers,
  sizes,
];
