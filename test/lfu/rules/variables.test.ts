import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytes, fromBuffer, toBuffer, type Bytes } from '../../../src/bytes/bytes.ts';
import type { Template } from '../../../src/lfu/rules/variables.ts';
import { expand, objectVariables, shellScript } from '../../../src/lfu/rules/variables.ts';
import { complaints, decide, object } from './support.ts';

const RUN = {
  slave: bytes('/disk/local'),
  master: bytes('/export/local'),
  host: bytes('alpha'),
  arch: bytes('sun4'),
};

function command(text: string): Template {
  const [template] = decide(`name=x { exec ${text}; }`, object('x')).exec;
  if (template === undefined) throw new Error(`no command in ${text}`);
  return template;
}

/** What `/bin/sh` prints for the command of a rule and an object. */
function run(text: string, path: Bytes): Bytes {
  const script = shellScript(command(text), objectVariables(path, RUN));
  // by standard input, since an argument of a Node program cannot have any bytes
  return fromBuffer(execFileSync('/bin/sh', [], { input: toBuffer(script) }));
}

describe('the variables of an object', () => {
  test('are its slave path, path, name and directory, and the two roots', () => {
    expect(objectVariables(bytes('bin/vi'), RUN)).toEqual({
      F: '/disk/local/bin/vi',
      P: 'bin/vi',
      N: 'vi',
      D: '/disk/local/bin',
      S: '/disk/local',
      M: '/export/local',
      HOST: 'alpha',
      ARCH: 'sun4',
    });
  });

  test('stand in sources and messages', () => {
    const { source } = decide('name=x { link; source=$M/at/$N; }', object('a/x'));
    const { message } = decide('name=x { error "$P of $M on $HOST"; }', object('a/x'));
    const variables = objectVariables(bytes('a/x'), RUN);
    expect(source && expand(source, variables)).toBe('/export/local/at/x');
    expect(message && expand(message, variables)).toBe('a/x of /export/local on alpha');
  });
});

/** Names that would like to be commands. */
const ODD = [
  'a b',
  '$(echo pwned)',
  '`echo pwned`',
  "it's",
  'say "hi"',
  '; echo pwned',
  '*',
  'back\\slash\\\\n',
  'new\nline',
  '-n',
  '$F',
  '~',
  'é',
  'caf\xe9\xff',
  'trailing\\',
].map((name) => (name.includes('\xff') ? (name as Bytes) : bytes(name)));

describe('commands', () => {
  test.each(ODD.map((name) => [JSON.stringify(name), name] as const))(
    'get %s as one word, in every kind of quotes',
    (_shown, name) => {
      const file = `/disk/local/${name}`;
      expect(run('printf "<%s>" $F', name)).toBe(`<${file}>`);
      expect(run('printf "<%s>" "a$F.b"', name)).toBe(`<a${file}.b>`);
      expect(run('"printf \'<%s>\' \\"a $F\\" ${N}b"', name)).toBe(`<a ${file}><${name}b>`);
      expect(run(`"printf '<%s>' \\"$(printf '%s.' $F)\\""`, name)).toBe(`<${file}.>`);
      expect(run('\'printf "<%s>" "$F"\'', name)).toBe(`<${file}>`);
      expect(run(`sh -c 'printf "<%s>" "$1"' sh $P`, name)).toBe(`<${name}>`);
    },
  );

  test('whatever the name, it arrives and nothing else happens', () => {
    const name = fc
      .array(fc.constantFrom(...Array.from('$`\'"\\ \n*();|&<>#!~{}[]aFé=-\xe9')), {
        minLength: 1,
        maxLength: 12,
      })
      .map((all) => all.join('') as Bytes)
      .filter((one) => !one.includes('/'));
    fc.assert(
      fc.property(name, (one) => {
        expect(run('printf "<%s><%s>" $N "$N"', one)).toBe(`<${one}><${one}>`);
      }),
      { numRuns: 60 },
    );
  });

  test('have their variables in the environment of what they start', () => {
    expect(
      run(`"sh -c 'echo \\"\\$HOME\\"' >/dev/null; env | grep -c '^[FPNDSM]='"`, bytes('x')),
    ).toBe('6\n');
  });

  test('keep dollars that are the business of others', () => {
    expect(run("printf '%s' '$NF ${X}'", bytes('x'))).toBe('$NF ${X}');
    expect(run('"echo a b c | awk \'{ print $NF }\'"', bytes('x'))).toBe('c\n');
    expect(complaints('name=x { exec "echo $HOME"; }')).toContain('unknown variable $HOME');
  });

  test('are shown in logs with the names filled in', () => {
    const variables = objectVariables(bytes('a b'), RUN);
    expect(expand(command('restart $F -h $HOST'), variables)).toBe(
      'restart /disk/local/a b -h alpha',
    );
  });
});

describe('set', () => {
  test('may hold variables of the object, to be used where they are legal', () => {
    const text = 'set RESTART "svc restart $N on $HOST"\nname=x { exec $RESTART; }';
    const [template] = decide(text, object('x')).exec;
    expect(template && expand(template, objectVariables(bytes('x'), RUN))).toBe(
      'svc restart x on alpha',
    );
    expect(complaints('set A $F\nname=$A { }')).toContain('$F has no value here');
  });

  test('later ones replace earlier ones, and may be empty', () => {
    const text = 'set A x\nset A "$A$A"\nset E ""\nname=$A$E { link; source="/$E$A"; }';
    expect(decide(text, object('xx')).source?.constant).toBe('/xx');
  });

  test('the names of the object are not to be taken', () => {
    expect(complaints('set HOST x')).toContain('$HOST is always set');
  });
});
