import { describe, expect, it } from 'vitest';
import { b } from '../../src/bytes/bytes.ts';
import { checkFragments, planFragments, removeFragments } from '../../src/export/planFragments.ts';
import type { FragmentPlan } from '../../src/export/planFragments.ts';
import {
  codes,
  fragment,
  fromReceipt,
  memoryHost,
  owner,
  program,
  systemFile,
  type MemoryHost,
  diagnosed,
} from './memory-host.ts';

const FOO = owner('foo');
const SERVICE = `[Unit]
Description=Foo
[Service]
ExecStart=/software/foo/servers/food -d
[Install]
WantedBy=multi-user.target
Alias=food.service
`;
const EXPORT = [
  fragment('systemd/foo.service', SERVICE),
  fragment('systemd/foo.timer', '[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n'),
];
const ETC = '/etc/systemd/system';

function host(): MemoryHost {
  return memoryHost({ '/software/foo/servers/food': program() });
}

function install(
  on: MemoryHost,
  before: FragmentPlan['merged'] = [],
  exportFiles = EXPORT,
): FragmentPlan {
  const plan = planFragments({ owner: FOO, exportFiles, before, host: on });
  on.apply(plan.edits);
  return { ...plan, merged: fromReceipt(plan.merged) };
}

function errors(exportFiles: typeof EXPORT): readonly string[] {
  return diagnosed(() => planFragments({ owner: FOO, exportFiles, before: [], host: host() }));
}

describe('export/systemd', () => {
  it('puts units in their place, enables them as they say, and takes all away again', () => {
    const on = host();
    const plan = install(on);
    expect(plan.warnings).toEqual([]);
    expect(plan.notes).toEqual([]);
    expect(on.text(`${ETC}/foo.service`)).toBe(SERVICE);
    expect(on.look(b`/etc/systemd/system/multi-user.target.wants/foo.service`)).toEqual({
      type: 'link',
      target: '../foo.service',
    });
    expect(on.text(`${ETC}/multi-user.target.wants/foo.service`)).toBe(SERVICE);
    expect(on.text(`${ETC}/food.service`)).toBe(SERVICE);
    expect(on.text(`${ETC}/timers.target.wants/foo.timer`)).toContain('daily');
    expect(install(on, plan.merged)).toMatchObject({ edits: [], merged: plan.merged });
    on.apply(removeFragments({ owner: FOO, before: plan.merged, host: on }).edits);
    expect(on.objects).toEqual(host().objects);
  });

  it('leaves a unit disabled that somebody has disabled, and leaves what he enabled', () => {
    const on = host();
    const { merged } = install(on);
    on.objects.delete(`${ETC}/multi-user.target.wants/foo.service`);
    on.objects.set(`${ETC}/rescue.target.wants/foo.service`, {
      type: 'link',
      target: b`../foo.service`,
    });
    const again = install(on, merged);
    expect(again.edits).toEqual([]);
    expect(again.notes).toEqual([expect.stringContaining('(systemctl disable): left so')]);
    on.apply(removeFragments({ owner: FOO, before: again.merged, host: on }).edits);
    expect([...on.objects.keys()]).toEqual([
      '/software/foo/servers/food',
      `${ETC}/rescue.target.wants/foo.service`,
    ]);
  });

  it('follows the package: another target, a unit that it has no more', () => {
    const on = host();
    const { merged } = install(on);
    const changed = SERVICE.replace('multi-user', 'graphical').replace('Alias=food.service\n', '');
    install(on, merged, [fragment('systemd/foo.service', changed)]);
    expect([...on.objects.keys()].filter((path) => path.startsWith(ETC)).toSorted()).toEqual([
      `${ETC}/foo.service`,
      `${ETC}/graphical.target.wants/foo.service`,
    ]);
  });

  it('enables a template only as its default instance', () => {
    const template = '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=a.target\n';
    const on = host();
    install(on, [], [fragment('systemd/x@.service', template)]);
    expect(on.list(b`/etc/systemd/system/a.target.wants`)).toEqual([]);
    install(on, [], [fragment('systemd/y@.service', `${template}DefaultInstance=one\n`)]);
    expect(on.list(b`/etc/systemd/system/a.target.wants`)).toEqual(['y@one.service']);
  });

  it('never writes over a unit of somebody else, a masked one neither', () => {
    const on = host();
    on.objects.set(`${ETC}/foo.service`, { type: 'link', target: b`/dev/null` });
    const plan = planFragments({ owner: FOO, exportFiles: EXPORT, before: [], host: on });
    expect(codes(plan)).toEqual(['E_DROPIN_TAKEN']);
    expect(plan.edits).toEqual([]);
  });

  it("keeps a person's edit of the unit", () => {
    const on = host();
    const { merged } = install(on);
    on.put(`${ETC}/foo.service`, `${SERVICE}# mine\n`);
    const removed = removeFragments({ owner: FOO, before: merged, host: on });
    on.apply(removed.edits);
    expect(on.text(`${ETC}/foo.service`)).toBe(`${SERVICE}# mine\n`);
    expect(removed.notes).toEqual([expect.stringContaining('was edited since')]);
  });

  it('is refused for what systemd-analyze calls broken, and for programs that are not there', () => {
    const found = errors([
      fragment('systemd/a.timer', '[Timer]\nOnCalendar=every day\n'),
      fragment('systemd/b.service', '[Service]\nType=smple\nExecStart=-/gone\n'),
    ]);
    expect(found.join('\n')).toContain(
      'export/systemd/a.timer:2:1: error: systemd-analyze: Failed to parse calendar specification, ignoring: every day\n  2 | OnCalendar=every day\n    | ^~~~~~~~~~~~~~~~~~~~',
    );
    expect(found.join('\n')).toContain('export/systemd/b.service:2:1: error: systemd-analyze: ');
    expect(
      errors([fragment('systemd/c.service', '[Service]\nExecStart=@/software/foo/gone x\n')]),
    ).toEqual([
      '/software/foo/export/systemd/c.service:2:12: error: the program /software/foo/gone does not exist\n  2 | ExecStart=@/software/foo/gone x\n    |            ^~~~~~~~~~~~~~~~~~',
    ]);
    const leads = `${SERVICE}RequiredBy=../../../../tmp/x\n`;
    expect(errors([fragment('systemd/foo.service', leads)])[0]).toContain(
      "foo.service:8:12: error: '../../../../tmp/x' is no name of a unit",
    );
    expect(errors([fragment('systemd/README', 'x')])[0]).toContain("'README' is no unit");
  });

  it('is said not to be checked where systemd-analyze fails for another reason', () => {
    const answer = { ran: true, status: 1, output: b`Failed to initialize manager\n` } as const;
    const on = { ...host(), ask: () => answer };
    const plan = planFragments({ owner: FOO, exportFiles: EXPORT, before: [], host: on });
    expect(plan.notes).toEqual([
      'export/systemd/foo.service, export/systemd/foo.timer: not checked: systemd-analyze could not judge: Failed to initialize manager',
    ]);
    expect(plan.edits).not.toEqual([]);
  });

  it('warns of a key that this systemd does not know, and of a unit of the vendor that is turned off', () => {
    const on = host();
    on.put(
      '/lib/systemd/system/cron.service',
      systemFile('/lib/systemd/system/cron.service', 'cron'),
    );
    const unit = '[Unit]\nAfer=x.target\n[Service]\nExecStart=/software/foo/servers/food\n';
    const found = checkFragments({
      exportFiles: [fragment('systemd/cron.service', unit)],
      host: on,
    });
    expect(found.map(({ severity, code, line }) => `${severity} ${code} ${line}`)).toEqual([
      'warning E_DROPIN_OVERRIDES 1',
      'warning E_FRAGMENT_DOUBT 2',
    ]);
  });
});
