import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bytes, type Bytes } from '../../src/bytes/bytes.ts';
import { DiagnosticError, formatDiagnostic } from '../../src/message/diagnostic.ts';
import { XhError } from '../../src/message/error.ts';
import { openNetgroups, parseNetgroups } from '../../src/site/netgroup.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'netgroup-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function file(name: string, text: string): Bytes {
  const path = join(directory, name);
  writeFileSync(path, text);
  return bytes(path);
}

/** The users of a group in one file. */
function users(text: string, group: string): readonly string[] | undefined {
  const systemFile = file('netgroup', text);
  return openNetgroups({ files: [], systemFile, getent: false }).users(bytes(group));
}

function failure(text: string, group: string): XhError {
  try {
    users(text, group);
  } catch (error) {
    if (error instanceof XhError) return error;
    throw error;
  }
  throw new Error('nothing was wrong');
}

describe('the users of a netgroup', () => {
  test('are those of its triples, each once', () => {
    expect(users('bfiles (,tex,) (alpha,emacs,dcs) ( - , tex , - )\n', 'bfiles')).toEqual([
      'tex',
      'emacs',
    ]);
  });

  test('and of the netgroups in it', () => {
    const text = `
# packages
all     editors typesetting \\
        (,gcc,)   # the compiler
editors (,emacs,) (,vi,)
typesetting	(,tex,) editors
`;
    expect(users(text, 'all')).toEqual(['emacs', 'vi', 'tex', 'gcc']);
  });

  test('a dash is nobody, and hosts are no users', () => {
    expect(users('hosts (alpha,-,) (beta,-,)', 'hosts')).toEqual([]);
    expect(users('empty\nother (,a,)', 'empty')).toEqual([]);
  });

  test('a group that is not defined has none', () => {
    expect(users('a (,b,)', 'b')).toBeUndefined();
  });

  test('of two definitions the first counts', () => {
    expect(users('a (,one,)\na (,two,)\n', 'a')).toEqual(['one']);
  });

  test('an empty user field, which means every user, is refused', () => {
    expect(failure('servers (alpha,,)', 'servers')).toMatchObject({
      code: 'E_NETGROUP_EVERYONE',
      exit: 2,
      place: { line: 1, column: 9 },
    });
  });
});

describe('mistakes in netgroups', () => {
  test('groups that contain each other are named', () => {
    const text = 'a (,x,) b\nb c\nc d b\nd (,y,)\n';
    const error = failure(text, 'a');
    expect(error.code).toBe('E_NETGROUP_CIRCLE');
    expect(error.message).toBe('netgroups contain each other: b > c > b');
    expect(error.place).toMatchObject({ line: 3, column: 5 });
    expect(failure('a a', 'a').message).toBe('netgroups contain each other: a > a');
  });

  test('a group that two others contain is no circle', () => {
    expect(users('a b c\nb d\nc d\nd (,x,)', 'a')).toEqual(['x']);
  });

  test('a missing one is told with the one that contains it', () => {
    const error = failure('all editors\neditorz (,emacs,)\n', 'all');
    expect(error.code).toBe('E_NETGROUP_MISSING');
    expect(error.message).toBe("netgroup 'all' contains 'editors', which is not defined");
    expect(error.remedy).toBe("did you mean 'editorz'?");
  });

  test('a triple that is none is shown, when its group is used', () => {
    const text = 'good (,a,)\nbad (,b,) (c,d)\n';
    expect(users(text, 'good')).toEqual(['a']);
    const error = failure(text, 'bad');
    expect(error).toBeInstanceOf(DiagnosticError);
    const [found] = (error as DiagnosticError).diagnostics;
    expect(found && formatDiagnostic(found)).toBe(
      `${directory}/netgroup:2:11: error: this member of netgroup 'bad' cannot be read
  2 | bad (,b,) (c,d)
    |           ^~~~~ a member is the name of a netgroup, or (host,user,domain)`,
    );
  });

  test('ten thousand groups within each other are no problem, nor their circle', () => {
    const lines = Array.from({ length: 10_000 }, (_, i) => `g${i} g${i + 1}`);
    expect(users(`${lines.join('\n')}\ng10000 (,x,)\n`, 'g0')).toEqual(['x']);
    expect(failure(`${lines.join('\n')}\ng10000 g0\n`, 'g0').message).toMatch(
      /g0 > g1 .*… .*> g0$/,
    );
  });

  test('any bytes whatever are read', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      ' ',
      '(',
      ')',
      ',',
      '#',
      '\\',
      '\n',
      '\\\n',
      '\t',
      'é',
      '(,a,)',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const text = bytes(pieces.join(''));
        const { groups } = parseNetgroups(text, bytes('netgroup'));
        for (const { diagnostics } of groups.values()) {
          for (const found of diagnostics) expect(found.line).toBeGreaterThan(0);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('where netgroups come from', () => {
  test('a file that was given comes before the system’s, and each adds to the other', () => {
    const given = file('given', 'set (,mine,) common\n');
    const systemFile = file('system', 'set (,theirs,)\ncommon (,both,)\n');
    const netgroups = openNetgroups({ files: [given], systemFile, getent: false });
    expect(netgroups.users(bytes('set'))).toEqual(['mine', 'both']);
  });

  test('a given file must be there, the system’s need not', () => {
    const missing = bytes(join(directory, 'none'));
    const system = openNetgroups({ files: [], systemFile: missing });
    expect(system.users(bytes('no-such-netgroup'))).toBeUndefined();
    const given = openNetgroups({ files: [missing], getent: false });
    expect(() => given.users(bytes('a'))).toThrow('cannot read netgroups: ENOENT');
  });

  test('what getent prints is understood', () => {
    const text = bytes('bfiles                ( ,tex, ) (alpha,emacs,) (-,-,dcs)\n');
    const entry = parseNetgroups(text, bytes('getent')).groups.get(bytes('bfiles'));
    const named = entry?.members.map((member) => (member.kind === 'triple' ? member.user : member));
    expect(named).toEqual([
      { kind: 'name', name: 'tex' },
      { kind: 'name', name: 'emacs' },
      { kind: 'none' },
    ]);
  });
});
