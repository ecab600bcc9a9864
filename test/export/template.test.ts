import { describe, expect, it } from 'vitest';
import { planFragments } from '../../src/export/planFragments.ts';
import type { FragmentFile } from '../../src/export/fragment.ts';
import { fragment, memoryHost, owner, diagnosed } from './memory-host.ts';

function errors(...exportFiles: readonly FragmentFile[]): readonly string[] {
  return diagnosed(() =>
    planFragments({ owner: owner('foo'), exportFiles, before: [], host: memoryHost() }),
  );
}

describe('a fragment that is a template', () => {
  it('is filled with facts of the host and names of the package, and has the name without .in', () => {
    const host = memoryHost();
    const exportFiles = [
      fragment(
        'profile.d/foo.sh.in',
        'HOST=@hostname@\nDIR=@directory@ # @package@\nMAIL=me@@here\n',
      ),
      fragment('services.in', '@package@-@hostname@ 5999/tcp\n'),
    ];
    const plan = planFragments({
      owner: owner('foo', { root: '/site' }),
      exportFiles,
      before: [],
      host,
    });
    host.apply(plan.edits);
    expect(host.text('/etc/profile.d/foo.sh')).toBe(
      'HOST=galileo\nDIR=/site/software/foo # foo\nMAIL=me@here\n',
    );
    expect(host.text('/etc/services')).toContain('foo-galileo 5999/tcp\n');
    const again = {
      owner: owner('foo', { root: '/site' }),
      exportFiles,
      before: plan.merged,
      host,
    };
    expect(planFragments(again).edits).toEqual([]);
    const moved = { ...host, fact: () => 'kepler' as never };
    expect(planFragments({ ...again, host: moved }).edits).toHaveLength(2);
  });

  it('is refused for a word that is no fact, or one that this host has not', () => {
    expect(
      errors(
        fragment('services.in', '\nfoo-@hostnam@ 5999/tcp\n'),
        fragment('rpc.in', 'a@domain@ 1\n'),
      ),
    ).toEqual([
      "/software/foo/export/services.in:2:5: error: there is no fact 'hostnam'\n  2 | foo-@hostnam@ 5999/tcp\n    |     ^~~~~~~~~ did you mean 'hostname'?",
      "/software/foo/export/rpc.in:1:2: error: this host has no value for 'domain'\n  1 | a@domain@ 1\n    |  ^~~~~~~~ give it one in /etc/xhier.toml: facts.domain",
    ]);
  });

  it('is named in what is wrong with what it becomes', () => {
    expect(errors(fragment('services.in', '@hostname@\n'))).toEqual([
      '/software/foo/export/services.in:1:1: error: no port\n  1 | galileo\n    | ^~~~~~~ NAME PORT/PROTOCOL [ALIAS…]',
    ]);
  });

  it('is refused beside the file that it would become, and for no kind', () => {
    expect(errors(fragment('services', ''), fragment('services.in', ''))[0]).toContain(
      'export/services.in is a template for a file that is there too',
    );
    expect(errors(fragment('servces.in', ''))[0]).toContain("did you mean 'services'?");
  });

  it('is none below replace/, where files are not read', () => {
    const plan = planFragments({
      owner: owner('foo'),
      exportFiles: [fragment('replace/etc/foo.in', '@nosuch@\n')],
      before: [],
      host: memoryHost(),
    });
    expect(plan.edits).toMatchObject([{ op: 'link', path: '/etc/foo.in' }]);
  });
});
