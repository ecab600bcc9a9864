import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytes, type Bytes } from '../../../src/bytes/bytes.ts';
import { parseScript } from '../../../src/lfu/rules/parser.ts';
import {
  OPERATORS,
  type ActionNode,
  type Condition,
  type Item,
  type Value,
} from '../../../src/lfu/rules/syntax.ts';
import { script } from './support.ts';

/** A tree without the places, in a form that is easy to write down. */
function outline(node: Item | Condition | ActionNode): unknown {
  if (!('kind' in node)) return [node.word.text, ...(node.value ? [valueOutline(node.value)] : [])];
  switch (node.kind) {
    case 'chain':
      return node.arms.map((arm) => ({
        if: arm.condition ? outline(arm.condition) : 'else',
        do: arm.actions.map(outline),
      }));
    case 'include':
      return ['include', valueOutline(node.path)];
    case 'set':
      return ['set', node.name.text, valueOutline(node.value)];
    case 'test':
      return [node.key.text, node.operator, valueOutline(node.value)];
    case 'not':
      return ['not', outline(node.operand)];
    case 'and':
    case 'or':
      return [node.kind, ...node.operands.map(outline)];
  }
}

function valueOutline(value: Value): unknown {
  const parts = value.parts.map((part) => (part.kind === 'text' ? part.text : { $: part.name }));
  const whole = parts.length === 1 ? parts[0] : parts;
  return value.list ? { list: whole } : whole;
}

function parse(text: string): unknown[] {
  const { items, diagnostics } = parseScript(script(text));
  expect(diagnostics).toEqual([]);
  return items.map(outline);
}

function condition(text: string): unknown {
  const [chain] = parse(`${text} {}`) as { if: unknown }[][];
  return chain?.[0]?.if;
}

function actions(text: string): unknown {
  const [chain] = parse(`a=b {${text}}`) as { do: unknown }[][];
  return chain?.[0]?.do;
}

describe('the scripts that were printed in 1991', () => {
  test('a package is replaced by links', () => {
    expect(parse('owner=vlsitools {\nlink;\nsource=/usr/remote/vlsi;\n\n\n}\n')).toEqual([
      [{ if: ['owner', '=', 'vlsitools'], do: [['link'], ['source', '/usr/remote/vlsi']] }],
    ]);
  });

  test('what is not in a netgroup is replaced by links', () => {
    expect(parse('owner!=@bfiles {\nlink;\nsource=/usr/remote/server-A;\n}')).toEqual([
      [
        {
          if: ['owner', '!=', { list: 'bfiles' }],
          do: [['link'], ['source', '/usr/remote/server-A']],
        },
      ],
    ]);
  });

  test('what nobody has read for two weeks migrates', () => {
    expect(parse('access > 2wks {\nlink;\nsource=/usr/remote/mainserver;\n}')).toEqual([
      [{ if: ['access', '>', '2wks'], do: [['link'], ['source', '/usr/remote/mainserver']] }],
    ]);
  });

  test('daemons are kept and restarted', () => {
    expect(parse('path=@daemons {\nexec restart $F;\nkeep;\n}')).toEqual([
      [
        {
          if: ['path', '=', { list: 'daemons' }],
          do: [['exec', ['restart ', { $: 'F' }]], ['keep']],
        },
      ],
    ]);
  });

  test('programs of root are listed, others refused', () => {
    const text =
      'path=@rootfiles {\nchown root; chmod u+s;\n}\nelse owner=root {\nerror "Root file on master";\n}';
    expect(parse(text)).toEqual([
      [
        {
          if: ['path', '=', { list: 'rootfiles' }],
          do: [
            ['chown', 'root'],
            ['chmod', 'u+s'],
          ],
        },
        { if: ['owner', '=', 'root'], do: [['error', 'Root file on master']] },
      ],
    ]);
  });

  test('a slave of several masters', () => {
    const text =
      'owner=package-A |\nowner=package-B {\nignore;\n}\nelse owner=package-C {\nlink;\nsource=/usr/remote/vlsi/sun4;\n}';
    expect(parse(text)).toEqual([
      [
        {
          if: ['or', ['owner', '=', 'package-A'], ['owner', '=', 'package-B']],
          do: [['ignore']],
        },
        {
          if: ['owner', '=', 'package-C'],
          do: [['link'], ['source', '/usr/remote/vlsi/sun4']],
        },
      ],
    ]);
  });
});

describe('conditions', () => {
  test('& binds closer than |, and ! closest', () => {
    expect(condition('a=1 | b=2 & !c=3')).toEqual([
      'or',
      ['a', '=', '1'],
      ['and', ['b', '=', '2'], ['not', ['c', '=', '3']]],
    ]);
  });

  test('parentheses group', () => {
    expect(condition('!(a=1|b=2)&c=3')).toEqual([
      'and',
      ['not', ['or', ['a', '=', '1'], ['b', '=', '2']]],
      ['c', '=', '3'],
    ]);
  });

  test('every operator is known with and without blanks', () => {
    for (const operator of OPERATORS) {
      expect(condition(`a${operator}b`)).toEqual(['a', operator, 'b']);
      expect(condition(`a ${operator} b`)).toEqual(['a', operator, 'b']);
    }
  });
});

describe('values', () => {
  test('a bare value ends at white space and at | & { } ) ;', () => {
    expect(condition('(name=a[b]*c.$)&name=x')).toEqual([
      'and',
      ['name', '=', 'a[b]*c.$'],
      ['name', '=', 'x'],
    ]);
    expect(condition('name=x{} name=y')).toEqual(['name', '=', 'x']);
  });

  test('backslashes of regular expressions survive in every kind of value', () => {
    expect(condition(String.raw`name=.*\.o`)).toEqual(['name', '=', String.raw`.*\.o`]);
    expect(condition(String.raw`name=".*\.o"`)).toEqual(['name', '=', String.raw`.*\.o`]);
    expect(condition(String.raw`name='.*\.o'`)).toEqual(['name', '=', String.raw`.*\.o`]);
  });

  test('the four escapes of a double-quoted string', () => {
    expect(condition(String.raw`name="\"\\\n\t"`)).toEqual(['name', '=', '"\\\n\t']);
  });

  test('variables in bare and double-quoted values, none in single quotes or behind a backslash', () => {
    expect(condition('name=a$X.b')).toEqual(['name', '=', ['a', { $: 'X' }, '.b']]);
    expect(condition('name="${X}b $1 $"')).toEqual(['name', '=', [{ $: 'X' }, 'b $1 $']]);
    expect(condition("name='$X'")).toEqual(['name', '=', '$X']);
    expect(condition(String.raw`name=\$X`)).toEqual(['name', '=', String.raw`\$X`]);
  });

  test('a list may have a name with blanks', () => {
    expect(condition('path=@"my list"')).toEqual(['path', '=', { list: 'my list' }]);
    expect(condition('path="@x"')).toEqual(['path', '=', '@x']);
  });

  test('# begins a comment between words and is a character within one', () => {
    expect(parse('# first\nname=a#b { # why\n ignore; # so\n} # end')).toEqual([
      [{ if: ['name', '=', 'a#b'], do: [['ignore']] }],
    ]);
  });

  test('names in UTF-8 are kept, also those with the bytes of odd white space', () => {
    expect(condition('name=à\u2028\u0085x')).toEqual(['name', '=', bytes('à\u2028\u0085x')]);
  });
});

describe('actions', () => {
  test('the last one may omit its semicolon', () => {
    expect(actions('keep; link')).toEqual([['keep'], ['link']]);
    expect(actions('source=/x')).toEqual([['source', '/x']]);
    expect(actions('')).toEqual([]);
  });

  test('an equals sign is the same as none', () => {
    expect(actions('source=/x; source = /x; source /x; chmod u=rw')).toEqual([
      ['source', '/x'],
      ['source', '/x'],
      ['source', '/x'],
      ['chmod', 'u=rw'],
    ]);
  });

  test('a command may be several words, in which quotes protect', () => {
    expect(actions(`exec mail -s "new; $F" 'a;b' -x="c;d" ro\\;ot ; log`)).toEqual([
      ['exec', ['mail -s "new; ', { $: 'F' }, `" 'a;b' -x="c;d" ro\\;ot`]],
      ['log'],
    ]);
  });

  test('a command in quotes is taken out of them', () => {
    expect(actions(`exec "a; b | c > \${F}.new"`)).toEqual([
      ['exec', ['a; b | c > ', { $: 'F' }, '.new']],
    ]);
  });

  test('an apostrophe in a sentence is not a quote', () => {
    expect(actions("error root's file; keep")).toEqual([['error', "root's file"], ['keep']]);
  });
});

describe('the top level', () => {
  test('include and set end with the line or a semicolon', () => {
    expect(parse('include common; set A 1\nset B="x y"\ninclude "a b"')).toEqual([
      ['include', 'common'],
      ['set', 'A', '1'],
      ['set', 'B', 'x y'],
      ['include', 'a b'],
    ]);
  });

  test('a byte order mark and DOS line ends do no harm', () => {
    expect(parse('\ufeffname=x {\r\n  exec a b\r\n}\r\n')).toEqual([
      [{ if: ['name', '=', 'x'], do: [['exec', 'a b']] }],
    ]);
  });

  test('several mistakes are found at once', () => {
    const { diagnostics, items } = parseScript(
      script('name { ignore; }\nowner=root { ignore; }\nname=(a) {}\nowner=wheel {'),
    );
    expect(diagnostics.map((found) => found.line)).toEqual([1, 3, 4]);
    expect(items).toHaveLength(3);
  });
});

test('any bytes whatever are parsed or complained about', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (raw) => {
      const text = Buffer.from(raw).toString('latin1') as Bytes;
      const { items, diagnostics } = parseScript({ file: bytes('x'), text });
      expect(items.length + diagnostics.length).toBeLessThan(1000);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['parentheses', '('],
  ['negations', '!'],
  ['braces', '{'],
  ['closing braces', '}'],
  ['stray signs', '|\n'],
  ['wrong actions', 'a=b{|\n'],
  ['unclosed rules', 'a=b {'],
  ['double quotes', '"'],
  ['quotes within words', ` ' \\"`],
  ['else', 'else '],
  ['long chains', 'a=b {} else '],
  ['long conditions', 'a=b & '],
  ['semicolons', ';'],
  ['variables', '$A'],
  ['blanks', ' \n'],
])('a very long run of %s is no problem', (_what, piece) => {
  const text = bytes(piece.repeat(Math.ceil(300_000 / piece.length)));
  for (const start of ['', 'a=b { exec ', 'a=']) {
    const { diagnostics } = parseScript({ file: bytes('x'), text: `${start}${text}` as Bytes });
    expect(diagnostics.length).toBeLessThanOrEqual(50);
  }
});

describe('a tree that is printed parses to the same tree', () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,6}$/).filter((text) => text !== 'else');
  const key = word.filter((text) => text !== 'include' && text !== 'set');
  const part = fc.oneof(
    fc.stringMatching(/^[ -#%-~é\n\t]{1,8}$/).map((text) => ({ text })),
    fc.stringMatching(/^[A-Z_]{1,3}$/).map((name) => ({ name })),
  );
  const value = fc.record({ list: fc.boolean(), parts: fc.array(part, { maxLength: 4 }) });
  const action = fc.tuple(word, fc.option(value, { nil: undefined }));
  const { condition: tree } = fc.letrec<{ condition: Tree }>((tie) => ({
    condition: fc.oneof(
      { maxDepth: 4 },
      fc.tuple(key, fc.constantFrom(...OPERATORS), value).map((parts) => ({ test: parts })),
      tie('condition').map((not) => ({ not })),
      fc.array(tie('condition'), { minLength: 2, maxLength: 3 }).map((and) => ({ and })),
      fc.array(tie('condition'), { minLength: 2, maxLength: 3 }).map((or) => ({ or })),
    ),
  }));

  type Printed = { list: boolean; parts: ({ text: string } | { name: string })[] };
  type Tree =
    | { test: [string, (typeof OPERATORS)[number], Printed] }
    | { not: Tree }
    | { and: Tree[] }
    | { or: Tree[] };

  function printValue({ list, parts }: Printed, allowList: boolean): string {
    const inner = parts.map((one) =>
      'name' in one
        ? `\${${one.name}}`
        : one.text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t'),
    );
    return `${list && allowList ? '@' : ''}"${inner.join('')}"`;
  }

  function print(node: Tree): string {
    if ('test' in node) {
      const [name, operator, printed] = node.test;
      return `${name} ${operator} ${printValue(printed, true)}`;
    }
    if ('not' in node) return `!(${print(node.not)})`;
    return 'and' in node
      ? node.and.map((inner) => `(${print(inner)})`).join('&')
      : node.or.map((inner) => `(${print(inner)})`).join(' | ');
  }

  function expectedValue({ list, parts }: Printed, allowList: boolean): unknown {
    const merged: unknown[] = [];
    for (const one of parts) {
      const last = merged.at(-1);
      if ('name' in one) merged.push({ $: one.name });
      else if (typeof last === 'string') merged[merged.length - 1] = last + bytes(one.text);
      else merged.push(bytes(one.text));
    }
    const whole = merged.length === 1 ? merged[0] : merged;
    return list && allowList ? { list: whole } : whole;
  }

  function expected(node: Tree): unknown {
    if ('test' in node) {
      const [name, operator, printed] = node.test;
      return [name, operator, expectedValue(printed, true)];
    }
    if ('not' in node) return ['not', expected(node.not)];
    return 'and' in node ? ['and', ...node.and.map(expected)] : ['or', ...node.or.map(expected)];
  }

  test('whatever it is', () => {
    const arm = fc.tuple(tree, fc.array(action, { maxLength: 3 }));
    fc.assert(
      fc.property(fc.array(arm, { minLength: 1, maxLength: 3 }), (arms) => {
        const text = arms.map(([condition_, does]) => {
          const lines = does.map(
            ([name, given]) => `${name}${given ? ` ${printValue(given, false)}` : ''};`,
          );
          return `${print(condition_)} {\n${lines.join('\n')}\n}`;
        });
        expect(parse(text.join('\nelse '))).toEqual([
          arms.map(([condition_, does]) => ({
            if: expected(condition_),
            do: does.map(([name, given]) => (given ? [name, expectedValue(given, false)] : [name])),
          })),
        ]);
      }),
      { numRuns: 300 },
    );
  });
});
