/**
 * `export/systemd/UNIT` → `/etc/systemd/system/UNIT`, enabled as its `[Install]` section says. A unit
 * that is there and says something else, the vendor's or a person's, is never written over.
 */
import { b, printable, slice, type Bytes } from '../bytes/bytes.ts';
import { isWithin } from '../bytes/path.ts';
import type { Diagnostic } from '../message/diagnostic.ts';
import { dropInKind, type DropInFile } from './drop-in.ts';
import type { FragmentFile, FragmentKind, HostView } from './fragment.ts';
import { combined } from './result.ts';
import { diagnostic, linesIn } from './strict.ts';
import {
  isLinkRecord,
  linksOfUnit,
  linkStanding,
  mergeLinks,
  removeLink,
  strangeNames,
  UNITS,
} from './unit-links.ts';
import { verdictOn, type OwnCheck } from './verify.ts';

const NAME = 'systemd';
/** systemd.unit(5): what a unit may be called. */
const UNIT = /^[A-Za-z0-9:_.\\-]+@?[A-Za-z0-9:_.\\-]*\.(?:service|socket|timer|path)$/;

export const VERIFY: OwnCheck = {
  program: 'systemd-analyze',
  words: ['verify', '--man=no'],
  no: (said) => {
    // it looks on its own host; programs are looked for on the site
    if (/^Command .* is not executable/.test(said)) return 'nothing';
    if (/Refusing|bad-setting|bad unit file|Failed to parse|lacks/.test(said)) return 'error';
    return 'warning';
  },
};

const files = dropInKind({
  name: NAME,
  summary: '*.service, *.socket, *.timer, *.path for /etc/systemd/system; [Install] enables',
  directory: UNITS,
  overrides: [b`/lib/systemd/system`, b`/usr/lib/systemd/system`],
  content: checkUnit,
});

export const systemd: FragmentKind<DropInFile> = {
  ...files,
  verify: (all, host) => verdictOn(all, VERIFY, host),
  merge: (input) => {
    const units = files.merge({ ...input, before: input.before.filter(isUnit) });
    if (units.conflicts.length > 0) return units;
    const wanted = input.files.flatMap(({ name, content }) =>
      linksOfUnit(NAME, name, slice(name, NAME.length + 1), content),
    );
    return combined([units, mergeLinks(wanted, input.before.filter(isLinkRecord), input.host)]);
  },
  remove: (input) =>
    combined([
      ...input.before.filter(isLinkRecord).map((record) => removeLink(record, input.host)),
      files.remove({ ...input, before: input.before.filter(isUnit) }),
    ]),
  standing: (record, owner, host) =>
    isLinkRecord(record) ? linkStanding(record, host) : files.standing(record, owner, host),
};

function isUnit(record: Parameters<typeof isLinkRecord>[0]): boolean {
  return !isLinkRecord(record);
}

/** The name, and the programs that the unit runs: systemd tells of them when it is too late. */
function checkUnit(file: FragmentFile, host: HostView): readonly Diagnostic[] {
  const name = slice(file.name, NAME.length + 1);
  if (!UNIT.test(name)) {
    return [
      diagnostic(file, {
        code: 'E_UNIT_NAME',
        message: `'${printable(name)}' is no unit of these kinds`,
        line: 1,
        hint: 'NAME.service, NAME.socket, NAME.timer or NAME.path',
      }),
    ];
  }
  const lines = linesIn(file);
  const strange = strangeNames(file.content).map((word) => {
    const index = Math.max(
      0,
      lines.findIndex((text) => text.includes(word)),
    );
    return diagnostic(file, {
      code: 'E_UNIT_NAME',
      message: `'${printable(word)}' is no name of a unit`,
      line: index + 1,
      column: Math.max(0, lines[index]?.indexOf(word) ?? 0) + 1,
      length: word.length,
    });
  });
  return [...strange, ...lines.flatMap((text, index) => checkProgram(file, host, text, index + 1))];
}

function checkProgram(
  file: FragmentFile,
  host: HostView,
  text: Bytes,
  line: number,
): readonly Diagnostic[] {
  const [whole = '', optional = '', program = ''] =
    /^Exec[A-Z][A-Za-z]*[ \t]*=[ \t]*([-@:+!|]*)(\/[^ \t]*)/.exec(text) ?? [];
  if (program === '' || optional.includes('-') || program.includes('%')) return [];
  const object = host.read(program as Bytes);
  if (object.type === 'file' && (object.mode & 0o111) !== 0) return [];
  const what = object.type === 'file' ? 'is not executable' : 'does not exist';
  // what is not of the depot may come with the host's own packages later
  const ours = isWithin(b`/software`, program as Bytes);
  return [
    diagnostic(file, {
      severity: ours ? 'error' : 'warning',
      code: 'E_UNIT_PROGRAM',
      message: `the program ${printable(program as Bytes)} ${what}`,
      line,
      column: whole.length - program.length + 1,
      length: program.length,
    }),
  ];
}
