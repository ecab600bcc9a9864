/**
 * `export/boottime`: shell commands for when the host starts. Where systemd starts the host they
 * become a unit of their own, elsewhere a block of `/etc/rc.local`. Each package's commands run in a
 * shell of their own, so that none can end or spoil the others, and are announced before they run:
 * when a start hangs, the last line on the console says where.
 */
import { b, slice, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import type { Diagnostic } from '../message/diagnostic.ts';
import { initSystem } from '../site/init-system.ts';
import { blockKind } from './block.ts';
import { MADE_BY_US, type LineEntry } from './block-spec.ts';
import { dropInKind } from './drop-in.ts';
import type {
  FragmentFile,
  FragmentKind,
  FragmentOwner,
  HostView,
  MergedFragment,
  MergeInput,
  Verdict,
} from './fragment.ts';
import { isBlank } from './lines.ts';
import { at, combined } from './result.ts';
import { diagnostic, linesIn, readStrictly } from './strict.ts';
import {
  isLinkRecord,
  linksOfUnit,
  linkStanding,
  mergeLinks,
  removeLink,
  UNITS,
} from './unit-links.ts';
import { verdictOn } from './verify.ts';

const NAME = 'boottime';
const RC_LOCAL = b`/etc/rc.local`;
const SCRIPTS = b`/etc/xhier/boottime`;
const SUMMARY = 'sh commands for the start of the host: a unit of systemd, else /etc/rc.local';

/** All lines are one thing; `span` counts them. */
type Commands = LineEntry;

const rcLocal = blockKind<Commands>({
  name: NAME,
  summary: SUMMARY,
  comment: b`#`,
  lineEnd: 'lf',
  collision: 'refuse',
  headers: [{ ...MADE_BY_US, lines: [b`#!/bin/sh`, ...MADE_BY_US.lines] }],
  parse,
  identity: () => [],
  target: () => ({ path: RC_LOCAL, mode: 0o755 }),
  surround: inShellOfItsOwn,
  place: beforeFinalExit,
  readEntries: () => [],
  clash: () => undefined,
  objections: (_, { path }, text) => {
    if (text === '' || isShell(text)) return [];
    return [
      {
        code: 'E_BOOTTIME_SHELL',
        line: 1,
        message: `${at(path, 1)} is no script for sh`,
        remedy:
          "have sh run it (#!/bin/sh in the first line), or start the package's services otherwise",
      },
    ];
  },
});

/** The same two files as drop-ins know them: a person's edits are told and kept. */
const unitFile = dropInKind({ name: NAME, summary: SUMMARY, directory: UNITS });
const scriptFile = dropInKind({ name: NAME, summary: SUMMARY, directory: SCRIPTS, mode: 0o755 });

export const boottime: FragmentKind<Commands> = {
  name: NAME,
  layout: 'file',
  summary: SUMMARY,
  parse,
  identity: () => [],
  check,
  verify,
  merge: (input) => (startedBySystemd(input.host) ? mergeUnit(input) : mergeBlock(input)),
  remove: ({ owner, before, host }) => {
    const { units, scripts, links, blocks } = sorted(before);
    return combined([
      ...links.map((record) => removeLink(record, host)),
      unitFile.remove({ owner, before: units, host }),
      scriptFile.remove({ owner, before: scripts, host }),
      rcLocal.remove({ owner, before: blocks, host }),
    ]);
  },
  standing: (record, owner, host) => {
    if (isLinkRecord(record)) return linkStanding(record, host);
    return (record.path === RC_LOCAL ? rcLocal : unitFile).standing(record, owner, host);
  },
};

/** Whether systemd starts the host that the site is, or is to be. */
export function startedBySystemd(host: HostView): boolean {
  const init = initSystem({
    isDirectory: (path) => host.read(path).type === 'directory',
    target: (path) => {
      const object = host.look(path);
      return object.type === 'link' ? object.target : undefined;
    },
  });
  return init === 'systemd';
}

function mergeBlock({ owner, files, before, host }: MergeInput): ReturnType<typeof combined> {
  const { units, scripts, links, blocks } = sorted(before);
  return combined([
    boottime.remove({ owner, before: [...units, ...scripts, ...links], host }),
    rcLocal.merge({ owner, files, before: blocks, host }),
  ]);
}

function mergeUnit({ owner, files, before, host }: MergeInput): ReturnType<typeof combined> {
  const { units, scripts, links, blocks } = sorted(before);
  const file = files[0];
  if (file !== undefined) parse(file);
  const unit = b`xhier-${escaped(owner.package)}.service`;
  const content = unitText(owner);
  const made = (name: Bytes, text: Bytes): readonly FragmentFile[] =>
    file === undefined ? [] : [{ ...file, name: b`${NAME as Bytes}/${name}`, content: text }];
  const wanted = file === undefined ? [] : linksOfUnit(NAME, file.name, unit, content);
  const result = combined([
    rcLocal.remove({ owner, before: blocks, host }),
    scriptFile.merge({
      owner,
      files: made(owner.package, file === undefined ? b`` : scriptText(owner, file)),
      before: scripts,
      host,
    }),
    unitFile.merge({ owner, files: made(unit, content), before: units, host }),
    mergeLinks(wanted, links, host),
  ]);
  return { ...result, merged: result.merged.map((each) => ({ ...each, name: NAME as Bytes })) };
}

function sorted(
  before: readonly MergedFragment[],
): Readonly<Record<'units' | 'scripts' | 'links' | 'blocks', readonly MergedFragment[]>> {
  const links = before.filter(isLinkRecord);
  const files = before.filter((record) => !isLinkRecord(record));
  return {
    links,
    units: files.filter(({ path }) => path.startsWith(`${UNITS}/`)),
    scripts: files.filter(({ path }) => path.startsWith(`${SCRIPTS}/`)),
    blocks: files.filter(({ path }) => path === RC_LOCAL),
  };
}

function parse(file: FragmentFile): readonly Commands[] {
  return readStrictly(file, (lines, found) => {
    const [first = b``] = lines;
    if (first.startsWith('#!') && !isShell(first)) {
      found({
        code: 'E_BOOTTIME_SHELL',
        message: 'these commands are run by sh',
        line: 1,
        length: first.length,
        hint: 'call a program of the package that is in the other language',
      });
    }
    return lines.every(isBlank) ? [] : [{ line: 1, span: lines.length }];
  });
}

/** A file that nobody may execute is not run at the start: somebody has turned it off. */
function check(file: FragmentFile, _: readonly Commands[], host: HostView): readonly Diagnostic[] {
  const standing = host.read(RC_LOCAL);
  if (startedBySystemd(host) || standing.type !== 'file' || (standing.mode & 0o111) !== 0)
    return [];
  return [
    diagnostic(file, {
      severity: 'warning',
      code: 'E_BOOTTIME_OFF',
      message: `${RC_LOCAL} is not executable, and so not run when the host starts`,
      line: 1,
      hint: `chmod +x ${RC_LOCAL}`,
    }),
  ];
}

/** As sh will read it, so that what does not end is found: with all that goes around it. */
function verify(files: readonly FragmentFile[], host: HostView): Verdict {
  const [file] = files;
  if (file === undefined) return { findings: [] };
  const around = inShellOfItsOwn(linesIn(file), { package: b`x`, directory: b`/x` });
  const content = around.map((text) => `${text}\n`).join('') as Bytes;
  const asked = { program: 'sh', words: ['-n'], no: 'status' } as const;
  const { findings, ...rest } = verdictOn([{ ...file, content }], asked, host);
  const lines = linesIn(file);
  return {
    ...rest,
    findings: findings.map((found) => {
      const line = Math.max(1, Math.min(found.line - LINES_BEFORE, lines.length));
      const source = lines[line - 1] ?? b``;
      return { ...found, line, source, length: Math.max(1, source.length) };
    }),
  };
}

const LINES_BEFORE = 2;

function inShellOfItsOwn(
  lines: readonly Bytes[],
  { package: owner }: FragmentOwner,
): readonly Bytes[] {
  if (lines.every(isBlank)) return [];
  // names of packages need no quotes, but cost nothing with them
  return [
    b`echo 'starting ${owner}'`,
    b`(`,
    ...lines,
    b`) || echo '${owner}: its boottime commands failed' >&2`,
  ];
}

/** Before an `exit` that is the last command, as in the rc.local that systems come with. */
function beforeFinalExit(texts: readonly Bytes[]): number | undefined {
  const last = texts.findLastIndex((text) => !isBlank(text) && !/^[ \t]*#/.test(text));
  return /^exit(?:[ \t;]|$)/.test(texts[last] ?? '') ? last : undefined;
}

function isShell(text: Bytes): boolean {
  const first = slice(text, 0, /\r?\n|$/.exec(text)?.index);
  if (!first.startsWith('#!')) return true;
  return /^#![ \t]*\/(?:[^ \t]*\/)?(?:env[ \t]+)?(?:ba|da|k|mk|z|a)?sh(?:[ \t]|$)/.test(first);
}

function scriptText(owner: FragmentOwner, file: FragmentFile): Bytes {
  const lines = inShellOfItsOwn(linesIn(file), owner);
  return [b`#!/bin/sh`, b`# made by xhier from ${file.path}`, ...lines, b``].join('\n') as Bytes;
}

function unitText({ package: owner }: FragmentOwner): Bytes {
  const script = join(SCRIPTS, owner);
  return `# made by xhier from export/boottime of ${owner}
[Unit]
Description=${owner}: what its package starts with the host
After=network.target remote-fs.target
RequiresMountsFor=/software/${owner}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh ${script}
StandardOutput=journal+console

[Install]
WantedBy=multi-user.target
` as Bytes;
}

/** As systemd-escape(1) writes what no name of a unit has. */
function escaped(name: Bytes): Bytes {
  return name.replace(
    /[^A-Za-z0-9:_.-]/g,
    (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`,
  ) as Bytes;
}
