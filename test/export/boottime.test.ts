import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { b } from '../../src/bytes/bytes.ts';
import type { HostObject } from '../../src/export/fragment.ts';
import { planFragments, removeFragments } from '../../src/export/planFragments.ts';
import type { FragmentPlan } from '../../src/export/planFragments.ts';
import { DiagnosticError, formatDiagnostic } from '../../src/message/diagnostic.ts';
import { askProgram } from '../../src/depot/ask.ts';
import {
  codes,
  file,
  fragment,
  fromReceipt,
  memoryHost,
  owner,
  type MemoryHost,
} from './memory-host.ts';

const RC = '/etc/rc.local';
/** As Debian's sysvinit had it. */
const STOCK = '#!/bin/sh -e\n#\n# rc.local\n\necho stock\n\nexit 0\n';
const SYSTEMD: Record<string, HostObject> = {
  '/sbin/init': { type: 'link', target: b`/lib/systemd/systemd` },
};

function install(
  on: MemoryHost,
  name: string,
  commands: string,
  before: FragmentPlan['merged'] = [],
): FragmentPlan {
  const exportFiles = commands === '' ? [] : [fragment('boottime', commands)];
  const plan = planFragments({ owner: owner(name), exportFiles, before, host: on });
  on.apply(plan.edits);
  return { ...plan, merged: fromReceipt(plan.merged) };
}

function remove(on: MemoryHost, name: string, before: FragmentPlan['merged']): void {
  on.apply(removeFragments({ owner: owner(name), before, host: on }).edits);
}

/** What the start of a host prints that has this script. */
function run(script: string): { readonly status: number | null; readonly stdout: string } {
  const directory = mkdtempSync(join(tmpdir(), 'boottime-test-'));
  try {
    writeFileSync(join(directory, 'rc.local'), script, { mode: 0o755 });
    return spawnSync(join(directory, 'rc.local'), { encoding: 'utf8' });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('export/boottime without systemd', () => {
  it('makes an executable rc.local where there is none, and takes it away again', () => {
    const on = memoryHost();
    const { merged } = install(on, 'foo', 'echo food is up\n');
    expect(on.look(b`/etc/rc.local`)).toMatchObject({ mode: 0o755 });
    expect(run(on.text(RC) ?? '').stdout).toBe('starting foo\nfood is up\n');
    expect(install(on, 'foo', 'echo food is up\n', merged)).toMatchObject({ edits: [], merged });
    remove(on, 'foo', merged);
    expect(on.objects.size).toBe(0);
  });

  it('stands before the exit at the end, in its order, and goes without a trace', () => {
    const on = memoryHost({ [RC]: file(STOCK, 0o755) });
    const a = install(on, 'a', 'echo a\n');
    const c = install(on, 'c', 'echo c');
    expect(run(on.text(RC) ?? '')).toMatchObject({
      status: 0,
      stdout: 'stock\nstarting a\na\nstarting c\nc\n',
    });
    remove(on, 'a', a.merged);
    remove(on, 'c', c.merged);
    expect(on.text(RC)).toBe(STOCK);
  });

  it('announces before it starts, and lets no package end or spoil the others', () => {
    const on = memoryHost({ [RC]: file(STOCK, 0o755) });
    install(on, 'a', 'cd /; X=spoilt; nosuchcommand 2>/dev/null\nexit 7\n');
    install(on, 'c', 'echo "X=$X"\n');
    expect(run(on.text(RC) ?? '')).toMatchObject({
      status: 0,
      stdout: 'stock\nstarting a\nstarting c\nX=\n',
    });
  });

  it('keeps what a person has made of the block', () => {
    const on = memoryHost({ [RC]: file(STOCK, 0o755) });
    const { merged } = install(on, 'foo', 'echo a\n');
    const edited = (on.text(RC) ?? '').replace('echo a\n', 'echo mine\n');
    on.put(RC, edited);
    const again = install(on, 'foo', 'echo b\n', merged);
    expect(again.edits).toEqual([]);
    expect(again.notes[0]).toContain('was edited since it was installed');
    remove(on, 'foo', again.merged);
    expect(on.text(RC)).toBe(STOCK.replace('exit 0', 'echo mine\nexit 0'));
  });

  it('is refused in an rc.local that is no sh script, and warns of one that is turned off', () => {
    const python = memoryHost({ [RC]: file('#!/usr/bin/python3\nprint()\n', 0o755) });
    expect(codes(install(python, 'foo', 'echo\n'))).toEqual(['E_BOOTTIME_SHELL']);
    const off = memoryHost({ [RC]: file(STOCK, 0o644) });
    expect(install(off, 'foo', 'echo\n').warnings).toMatchObject([{ code: 'E_BOOTTIME_OFF' }]);
  });
});

describe('export/boottime where systemd starts the host', () => {
  it('becomes a unit that announces and runs the commands, and all of it goes again', () => {
    const on = memoryHost(SYSTEMD);
    const { merged, notes, warnings } = install(on, 'foo', 'echo food is up\n');
    expect([notes, warnings]).toEqual([[], []]);
    const unit = on.text('/etc/systemd/system/xhier-foo.service') ?? '';
    expect(unit).toContain('ExecStart=/bin/sh /etc/xhier/boottime/foo\n');
    expect(on.text('/etc/systemd/system/multi-user.target.wants/xhier-foo.service')).toBe(unit);
    expect(run(on.text('/etc/xhier/boottime/foo') ?? '').stdout).toBe('starting foo\nfood is up\n');
    const answer = askProgram({
      program: 'systemd-analyze',
      words: ['verify', '--man=no', '{}/xhier-foo.service'],
      files: [{ name: b`xhier-foo.service`, content: unit as never, mode: 0o644 }],
    });
    expect(answer).toEqual({ ran: true, status: 0, output: '' });
    expect(install(on, 'foo', 'echo food is up\n', merged)).toMatchObject({ edits: [], merged });
    remove(on, 'foo', merged);
    expect(on.objects).toEqual(memoryHost(SYSTEMD).objects);
  });

  it('moves when the host is given another init, and back', () => {
    const on = memoryHost({ [RC]: file(STOCK, 0o755) });
    const before = install(on, 'foo', 'echo a\n');
    on.objects.set('/sbin/init', { type: 'link', target: b`/lib/systemd/systemd` });
    const moved = install(on, 'foo', 'echo a\n', before.merged);
    expect(on.text(RC)).toBe(STOCK);
    expect(on.text('/etc/xhier/boottime/foo')).toContain('echo a\n');
    on.objects.delete('/sbin/init');
    const back = install(on, 'foo', 'echo a\n', moved.merged);
    expect(on.text(RC)).toContain('echo a\n');
    remove(on, 'foo', back.merged);
    expect(on.text(RC)).toBe(STOCK);
    expect([...on.objects.keys()]).toEqual([RC]);
  });

  it('is taken out when the package has none any more', () => {
    const on = memoryHost(SYSTEMD);
    const { merged } = install(on, 'foo', 'echo a\n');
    install(on, 'foo', '', merged);
    expect(on.objects).toEqual(memoryHost(SYSTEMD).objects);
  });

  it('has a legal name for every name of a package', () => {
    const on = memoryHost(SYSTEMD);
    install(on, 'g++_1', 'echo a\n');
    expect(on.list(b`/etc/systemd/system`)).toContain('xhier-g\\x2b\\x2b_1.service');
  });
});

describe('commands that sh cannot read', () => {
  it.each([
    ['if true; then\necho a\n', 2],
    ['echo "a\n', 1],
    ['echo a\n)\n', 2],
    ['cat <<E\nx\n', 2],
  ])('%j is refused with its line', (commands, line) => {
    try {
      install(memoryHost(), 'foo', commands);
      expect.fail('it was taken');
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
      const [found] = error.diagnostics;
      expect(found).toMatchObject({ code: 'E_FRAGMENT_REFUSED', line });
      expect(formatDiagnostic(found as never)).toContain('/software/foo/export/boottime:');
    }
  });

  it('are told when they are for another shell', () => {
    expect(() => install(memoryHost(), 'foo', '#!/bin/csh\nset x\n')).toThrow('run by sh');
    expect(codes(install(memoryHost(), 'foo', '#!/bin/sh -e\ntrue\n'))).toEqual([]);
  });
});
