import { describe, expect, it } from 'vitest';
import { b } from '../../src/bytes/bytes.ts';
import type { Edit } from '../../src/export/fragment.ts';
import { overlayHost } from '../../src/export/overlay.ts';
import { file, memoryHost } from './memory-host.ts';

describe('a host with planned edits on top', () => {
  it('looks as it will when they are done, and the host itself is not touched', () => {
    const start = { '/etc/a': file('old', 0o600), '/bin/x': 'x', '/bin/.y': 'y', '/bin/y': 'link' };
    const edits: readonly Edit[] = [
      { op: 'write', path: b`/etc/a`, content: b`new`, mode: 0o644 },
      { op: 'write', path: b`/etc/b`, content: b`b`, mode: 0o440 },
      { op: 'displace', path: b`/bin/x`, keptAs: b`/bin/.x`, target: b`/etc/b` },
      { op: 'restore', path: b`/bin/y`, keptAs: b`/bin/.y` },
      { op: 'link', path: b`/bin/l`, target: b`x` },
    ];
    const base = memoryHost(start);
    const seen = overlayHost(base);
    seen.apply(edits);
    expect(seen.look(b`/etc/a`)).toEqual(file('new', 0o600));
    expect(seen.look(b`/etc/b`)).toEqual(file('b', 0o440));
    expect(seen.look(b`/bin/.x`)).toEqual(file('x'));
    expect(seen.look(b`/bin/y`)).toEqual(file('y'));
    expect(seen.look(b`/bin/.y`)).toEqual({ type: 'absent' });
    expect(seen.look(b`/bin/l`)).toEqual({ type: 'link', target: 'x' });
    expect(seen.read(b`/bin/l`)).toEqual(file('b', 0o440));
    expect([...base.objects]).toEqual([...memoryHost(start).objects]);
    seen.apply([{ op: 'remove', path: b`/etc/a` }]);
    expect(seen.read(b`/etc/a`)).toEqual({ type: 'absent' });
  });

  it('writes through links, and shows the one file under both names', () => {
    const base = memoryHost({
      '/etc/services': { type: 'link', target: b`../srv/services` },
      '/srv/services': 'old',
    });
    const seen = overlayHost(base);
    seen.apply([{ op: 'write', path: b`/etc/services`, content: b`new` }]);
    expect(seen.read(b`/etc/services`)).toEqual(file('new'));
    expect(seen.read(b`/srv/services`)).toEqual(file('new'));
    expect(seen.look(b`/etc/services`).type).toBe('link');
  });

  it('follows links that carry the site root, and does not hang on a loop', () => {
    const base = memoryHost({ '/software/foo/x': 'x' });
    const seen = overlayHost(base, b`/tmp/site`);
    seen.apply([
      { op: 'link', path: b`/bin/x`, target: b`/tmp/site/software/foo/x` },
      { op: 'link', path: b`/bin/a`, target: b`b` },
      { op: 'link', path: b`/bin/b`, target: b`a` },
    ]);
    expect(seen.read(b`/bin/x`)).toEqual(file('x'));
    expect(seen.read(b`/bin/a`)).toEqual({ type: 'absent' });
  });

  it('knows the accounts that a planned passwd has', () => {
    const seen = overlayHost(memoryHost({}, ['root']));
    expect(seen.hasAccount(b`news`)).toBe(false);
    seen.apply([{ op: 'write', path: b`/etc/passwd`, content: b`news:x:9:13::/:/bin/sh\n` }]);
    expect(seen.hasAccount(b`news`)).toBe(true);
    expect(seen.hasAccount(b`root`)).toBe(true);
  });
});
