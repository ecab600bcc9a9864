/** What an xh-imakefile says, statement by statement, each with the place that it stands at. */
import type { Bytes } from '../../bytes/bytes.ts';
import type { Diagnostic } from '../../message/diagnostic.ts';

/** Who a command is for, in the words of showpath, and so in which directory it stands. */
export type UsedBy = 'user' | 'maintainer' | 'program';
export type Language = 'c' | 'c++' | 'fortran';

/** A word of the file, and how to say something about it. */
export interface Written {
  readonly text: Bytes;
  readonly told: (message: string, hint?: string) => Diagnostic;
}

export type Statement =
  | {
      readonly is: 'program';
      readonly name: Written;
      readonly language: Language;
      readonly usedBy: UsedBy;
      /** Further source files, `-lNAME` and `libNAME.a`. */
      readonly files: readonly Written[];
    }
  | {
      readonly is: 'script';
      readonly name: Written;
      readonly usedBy: UsedBy;
      readonly source?: Written;
    }
  | {
      readonly is: 'manual';
      readonly name: Written;
      readonly section: Bytes;
      readonly source?: Written;
    }
  | {
      readonly is: 'library';
      readonly name: Written;
      readonly language: Language;
      readonly files: readonly Written[];
    }
  /** `directory`: below the package's own. */
  | { readonly is: 'data'; readonly file: Written; readonly directory: Bytes }
  | { readonly is: 'subdirs'; readonly directories: readonly Written[] }
  | { readonly is: 'package'; readonly name: Written; readonly version?: Bytes }
  | { readonly is: 'include'; readonly file: Written; readonly fromTemplates: boolean }
  /** `CFLAGS[linux-*] += -DX`. */
  | {
      readonly is: 'setting';
      readonly name: SettingName;
      readonly add: boolean;
      readonly architectures?: Bytes;
      readonly value: Bytes;
    };

/** What may be set, and what it is when nobody does. */
export const SETTINGS = {
  CC: 'cc',
  CXX: 'c++',
  FC: 'gfortran',
  AR: 'ar',
  CPPFLAGS: '',
  CFLAGS: '-O2',
  CXXFLAGS: '-O2',
  FFLAGS: '-O2',
  LDFLAGS: '',
  LDLIBS: '',
} as const;

export type SettingName = keyof typeof SETTINGS;

/** The statements there are, with the arguments that each takes: for help, and for what is wrong with one. */
export const SYNOPSES = {
  Program: 'Program(NAME, c | c++ | fortran, user | maintainer | program [, FILE …])',
  Script: 'Script(NAME, user | maintainer | program [, FILE])',
  Manual: 'Manual(NAME, SECTION [, FILE])',
  Library: 'Library(NAME, c | c++ | fortran, FILE …)',
  Data: 'Data(FILE [, DIRECTORY])',
  Subdirs: 'Subdirs(DIRECTORY …)',
  Package: 'Package(NAME [, VERSION])',
} as const;

export type StatementName = keyof typeof SYNOPSES;
