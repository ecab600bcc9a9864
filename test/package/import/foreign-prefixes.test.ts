/** Prefixes that other installers have left: what is known of them, and what they need. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, toText, type Bytes } from '../../../src/bytes/bytes.ts';
import { planImport } from '../../../src/package/import/import.ts';
import { parsePlainYaml } from '../../../src/package/import/plain-yaml.ts';
import type { ImportPlan } from '../../../src/package/import/plan.ts';
import { readAssignments } from '../../../src/package/import/python-literal.ts';
import { openSoftware } from '../../../src/package/import/sources.ts';
import { dependencyText } from '../../../src/package/dependencies.ts';
import { temporaryDirectory } from '../../site.ts';

function prefixOf(name: string, files: Readonly<Record<string, string>>): Bytes {
  const top = join(temporaryDirectory('prefix'), name);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(top, path)), { recursive: true });
    writeFileSync(join(top, path), content);
  }
  return bytes(top);
}

function needs(plan: ImportPlan): string[] {
  return plan.dependencies.map((each) => toText(dependencyText(each)));
}

const HASH = 'abcdefghijklmnopqrstuvwxyz234567';

const SPEC = {
  spec: {
    _meta: { version: 4 },
    nodes: [
      {
        name: 'hello',
        version: '2.12.1',
        arch: {
          platform: 'linux',
          platform_os: 'debian12',
          target: { name: 'skylake', parents: ['broadwell', 'x86_64_v3'] },
        },
        compiler: { name: 'gcc', version: '12.2.0' },
        dependencies: [
          { name: 'zlib', hash: 'zz', parameters: { deptypes: ['build', 'link'], virtuals: [] } },
          { name: 'perl', hash: 'pp', parameters: { deptypes: ['run'] } },
          { name: 'gmake', hash: 'gg', parameters: { deptypes: ['build'] } },
        ],
        hash: HASH,
      },
      { name: 'zlib', version: '1.3.1', hash: 'zz' },
      { name: 'perl', version: '5.38.0', hash: 'pp' },
      { name: 'gmake', version: '4.4', hash: 'gg' },
    ],
  },
};

describe('a prefix of Spack', () => {
  it('has name, version, architecture and what is linked or run of its dependencies', async () => {
    const top = prefixOf(`hello-2.12.1-${HASH}`, {
      'bin/hello': 'x',
      '.spack/spec.json': JSON.stringify(SPEC),
    });
    const depot = { has: (name: Bytes) => name === 'zlib' };
    const plan = await planImport(top, { depot });
    expect([plan.name, plan.version, plan.software.architecture]).toEqual([
      'hello',
      '2.12.1',
      'linux-x86_64_v3',
    ]);
    expect(needs(plan)).toEqual(['zlib >=1.3.1', 'system:perl >=5.38.0']);
    expect(plan.software.builtBy).toBe('Spack with gcc 12.2.0');
    expect(plan.software.origin).toBe(top);
  });

  it('stood where its manifest says, wherever it is copied to', async () => {
    const top = prefixOf('copy', {
      'bin/hello': 'x',
      '.spack/spec.json': JSON.stringify(SPEC),
      '.spack/install_manifest.json': '{"/spack/hello/bin/hello": {}, "/spack/hello": {}}',
    });
    expect((await openSoftware(top)).origin).toBe('/spack/hello');
    expect((await openSoftware(top, { origin: bytes('/other') })).origin).toBe('/other');
  });

  it('of an older Spack has the same as YAML, and nodes by their names', async () => {
    const yaml = `spec:
- hello:
    version: 2.12.1
    arch:
      platform: linux
      platform_os: debian10
      target: x86_64
    compiler:
      name: gcc
      version: 8.3.0
    namespace: builtin
    parameters:
      cflags: []
      patches: [a, b]
    dependencies:
      zlib:
        hash: zz
        type:
        - build
        - link
      gmake:
        hash: gg
        type: [build]
    hash: ${HASH}
- zlib:
    version: '1.2.11'
    hash: zz
`;
    const top = prefixOf('x', { 'bin/hello': 'x', '.spack/spec.yaml': yaml });
    const plan = await planImport(top);
    expect([plan.name, plan.version, plan.software.architecture]).toEqual([
      'hello',
      '2.12.1',
      'linux-x86_64',
    ]);
    expect(needs(plan)).toEqual(['system:zlib >=1.2.11']);
  });

  it('with a spec that says nothing is a prefix like others', async () => {
    const top = prefixOf('hello-1.0', { 'bin/hello': 'x', '.spack/spec.json': '{"spec": 3}' });
    expect((await openSoftware(top)).source).toBe('prefix');
  });
});

describe('a prefix of EasyBuild', () => {
  const RECIPE = `# built by EasyBuild
easyblock = 'ConfigureMake'

name = 'zlib'
version = '1.2.13'

homepage = 'https://www.zlib.net/'
description = """zlib is designed to be a free,
 not legally encumbered library. More: version = '9'
"""

toolchain = {'name': 'GCCcore', 'version': '12.3.0'}
sources = [SOURCELOWER_TAR_GZ % 'x']
patches = ['a' 'b', ("c", 1)]
builddependencies = [('binutils', '2.40')]
dependencies = [
    ('bzip2', '1.0.8'),  # needed
    ('OpenSSL', '1.1', '', SYSTEM),
    ('%(namelower)s-data', '%(version)s'),
]
`;

  it('has what its recipe says, and nothing of it is run', async () => {
    const top = prefixOf('1.2.13-GCCcore-12.3.0', {
      'lib/libz.so': 'x',
      'easybuild/zlib-1.2.13-GCCcore-12.3.0.eb': RECIPE,
      'easybuild/zlib-1.2.13-GCCcore-12.3.0-easybuild-devel':
        '#%Module\nset root    /apps/zlib/1.2.13-GCCcore-12.3.0\nsetenv EBROOTZLIB "$root"\n',
    });
    const plan = await planImport(top);
    const { software } = plan;
    expect([plan.name, plan.version, software.homepage, software.summary]).toEqual([
      'zlib',
      '1.2.13',
      'https://www.zlib.net/',
      'zlib is designed to be a free, not legally encumbered library',
    ]);
    expect(needs(plan)).toEqual([
      'system:bzip2 >=1.0.8',
      'system:OpenSSL >=1.1',
      'system:zlib-data >=1.2.13',
    ]);
    expect(software.builtBy).toBe('EasyBuild with GCCcore 12.3.0');
    expect(software.origin).toBe('/apps/zlib/1.2.13-GCCcore-12.3.0');
  });

  it('is what the recipe said in the end, and stood where a module in Lua says', async () => {
    const top = prefixOf('x', {
      'easybuild/a.eb': "name = 'a'\nversion = '1'\n",
      'easybuild/reprod/a.eb': "name = 'a'\nversion = '2'\n",
      'easybuild/a-easybuild-devel': 'setenv("EBROOTA", "/apps/a/2")\n',
      'bin/a': 'x',
    });
    const software = await openSoftware(top);
    expect([software.version, software.origin]).toEqual(['2', '/apps/a/2']);
  });
});

describe('a prefix of conda', () => {
  const record = (name: string, version: string, ...depends: readonly string[]): string =>
    JSON.stringify({ name, version, depends, subdir: 'linux-64', license: 'MIT' });

  it('with one package is that', async () => {
    const top = prefixOf('env', {
      'bin/jq': 'x',
      'conda-meta/history': '',
      'conda-meta/jq-1.7-0.json': record(
        'jq',
        '1.7',
        'oniguruma >=6.9,<7.0a0',
        '__glibc >=2.17',
        'x 1.2.*',
      ),
    });
    const plan = await planImport(top);
    expect([plan.name, plan.version, plan.software.licence]).toEqual(['jq', '1.7', 'MIT']);
    expect(needs(plan)).toEqual(['system:oniguruma >=6.9 <7.0a0', 'system:x']);
    expect(plan.software.architecture).toBe('linux-x86_64');
  });

  it('with several is an environment, that needs what none of them is', async () => {
    const top = prefixOf('tools', {
      'bin/jq': 'x',
      'conda-meta/jq.json': record('jq', '1.7', 'oniguruma', 'libgcc >=12'),
      'conda-meta/oniguruma.json': record('oniguruma', '6.9', 'libgcc >=12'),
      'conda-meta/damaged.json': '{',
    });
    const plan = await planImport(top);
    expect([plan.name, plan.version]).toEqual(['tools', undefined]);
    expect(needs(plan)).toEqual(['system:libgcc >=12']);
    expect(plan.software.provides).toEqual(['jq', 'oniguruma']);
  });
});

describe('what describes a prefix', () => {
  it('may hold anything: it is read as far as it is understood, and never fails', () => {
    const yaml = fc.array(
      fc.oneof(
        fc.constantFrom(
          'a:',
          '- b',
          '  - c: d',
          '-',
          '  e: {}',
          '    f: [g, h]',
          '"i": j',
          '- - k',
          '#',
        ),
        fc.string({ unit: 'binary' }),
      ),
    );
    const python = fc.array(
      fc.oneof(
        fc.constantFrom(
          'a = ',
          "'",
          '"""',
          '[',
          '(',
          '{',
          ')',
          ']',
          '}',
          ',',
          ':',
          '\n',
          '#',
          '\\',
          '1.2',
        ),
        fc.string({ unit: 'binary' }),
      ),
    );
    fc.assert(
      fc.property(yaml, python, (lines, parts) => {
        expect(parsePlainYaml(bytes(lines.join('\n')))).not.toBeUndefined();
        expect(readAssignments(parts.join(''))).toBeInstanceOf(Map);
      }),
    );
  });

  it('is read at once, however it was made to keep us busy', () => {
    for (const piece of ['a = [\n', 'a = """\n', "a = ('\n", 'a = {"b":\n', '- a:\n', 'a = [[[[']) {
      const text = piece.repeat(50_000);
      expect(readAssignments(text)).toBeInstanceOf(Map);
      expect(parsePlainYaml(bytes(text))).not.toBeUndefined();
    }
    expect(parsePlainYaml(bytes('- '.repeat(100_000)))).not.toBeUndefined();
    expect(
      parsePlainYaml(bytes(Array.from({ length: 500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'))),
    ).not.toBeUndefined();
  });
});
