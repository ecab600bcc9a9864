/**
 * The links by which systemd knows that a unit is enabled: `TARGET.wants/UNIT` and the like below
 * `/etc/systemd/system`, as `systemctl enable` makes them. One that somebody has taken away since
 * (`systemctl disable`) is not made again.
 */
import { b, bytes, printable, type Bytes } from '../bytes/bytes.ts';
import type { HostView, MergedFragment, MergeResult, Standing } from './fragment.ts';
import { fragmentLines, words } from './lines.ts';
import { AS_MERGED, at, combined, NOTHING, sha256 } from './result.ts';

export const UNITS = b`/etc/systemd/system`;

export interface UnitLink {
  readonly path: Bytes;
  /** Relative, so that it holds below a site root and when that becomes `/`. */
  readonly target: Bytes;
  /** The fragment file that asks for it. */
  readonly name: Bytes;
  readonly kind: string;
}

/** The links that a unit's `[Install]` section asks for. */
export function linksOfUnit(kind: string, name: Bytes, unit: Bytes, content: Bytes): UnitLink[] {
  const install = settingsIn(content, 'Install');
  // a template is enabled as its default instance, if it has one
  const instance = install.get('DefaultInstance')?.at(-1);
  const enabled = unit.includes('@.')
    ? instance && (unit.replace('@.', `@${instance}.`) as Bytes)
    : unit;
  const wants = [
    ['WantedBy', 'wants'],
    ['RequiredBy', 'requires'],
    ['UpheldBy', 'upholds'],
  ].flatMap(([key = '', suffix]) =>
    enabled === undefined
      ? []
      : (install.get(key) ?? []).map((target) => bytes(`${target}.${suffix}/${enabled}`)),
  );
  const link = (path: Bytes, target: Bytes): UnitLink => ({
    path: b`${UNITS}/${path}`,
    target,
    name,
    kind,
  });
  return [
    ...wants.map((path) => link(path, b`../${unit}`)),
    ...(install.get('Alias') ?? []).map((alias) => link(alias, unit)),
  ].filter(({ path }, index, all) => all.findIndex((each) => each.path === path) === index);
}

/** The words of `[Install]` that are no names of units: they would lead elsewhere. */
export function strangeNames(content: Bytes): readonly Bytes[] {
  const install = settingsIn(content, 'Install');
  return ['WantedBy', 'RequiredBy', 'UpheldBy', 'Alias', 'DefaultInstance']
    .flatMap((key) => install.get(key) ?? [])
    .filter((name) => !/^[A-Za-z0-9:_\\@-][A-Za-z0-9:_.\\@-]*$/.test(name));
}

/** The words of every key of a section; an empty value takes those before it back. */
export function settingsIn(content: Bytes, section: string): ReadonlyMap<string, readonly Bytes[]> {
  const settings = new Map<string, Bytes[]>();
  let inside = false;
  let open = '';
  for (const text of fragmentLines(content)) {
    if (/^[ \t]*[#;]/.test(text)) continue;
    const whole = `${open}${text}`;
    open = whole.endsWith('\\') ? `${whole.slice(0, -1)} ` : '';
    if (open !== '') continue;
    if (whole.startsWith('[')) inside = whole.trimEnd() === `[${section}]`;
    const cut = whole.indexOf('=');
    if (!inside || cut < 0) continue;
    const key = whole.slice(0, cut).trim();
    const values = words(whole.slice(cut + 1) as Bytes).map((word) => word.text);
    settings.set(key, values.length === 0 ? [] : [...(settings.get(key) ?? []), ...values]);
  }
  return settings;
}

/** Makes the links that are wanted, and takes away those of `before` that are not any more. */
export function mergeLinks(
  wanted: readonly UnitLink[],
  before: readonly MergedFragment[],
  host: HostView,
): MergeResult {
  const paths = new Set(wanted.map(({ path }) => path));
  return combined([
    ...before.filter(({ path }) => !paths.has(path)).map((record) => removeLink(record, host)),
    ...wanted.map((link) => mergeLink(link, before, host)),
  ]);
}

/** Takes away a link that we made and that is still what we made. */
export function removeLink({ path, created, detail }: MergedFragment, host: HostView): MergeResult {
  const standing = host.look(path);
  if (!created || standing.type !== 'link' || standing.target !== detail?.['link']) return NOTHING;
  return { ...NOTHING, edits: [{ op: 'remove', path }] };
}

/** A link that is gone was taken away by who may: `systemctl disable`. */
export function linkStanding({ path, created, detail }: MergedFragment, host: HostView): Standing {
  const now = host.look(path);
  // another link was there, to the vendor's unit say, and was left
  if (!created && now.type === 'link') return AS_MERGED;
  if (now.type === 'absent') return { is: 'turned off', why: 'disabled, as by systemctl disable' };
  return now.type === 'link' && now.target === detail?.['link'] ? AS_MERGED : { is: 'edited' };
}

export function isLinkRecord({ detail }: MergedFragment): boolean {
  return detail?.['link'] !== undefined;
}

function mergeLink(
  { path, target, name, kind }: UnitLink,
  before: readonly MergedFragment[],
  host: HostView,
): MergeResult {
  const standing = host.look(path);
  const record = before.find((each) => each.path === path);
  const merged = (created: boolean): MergedFragment => ({
    kind,
    name,
    path,
    sha256: sha256(target),
    created,
    detail: { link: target },
  });
  if (standing.type === 'absent') {
    if (record === undefined) {
      return { ...NOTHING, edits: [{ op: 'link', path, target }], merged: [merged(true)] };
    }
    const note = `${printable(path)} was taken away (systemctl disable): left so`;
    return { ...NOTHING, merged: [record], notes: [note] };
  }
  if (standing.type === 'link' && standing.target === target) {
    return { ...NOTHING, merged: [merged(record?.created ?? false)] };
  }
  const note = `${at(path)} is there already and left as it is`;
  return { ...NOTHING, merged: [record ?? merged(false)], notes: [note] };
}
