/** `xh history [N]`. */
import { bytes, printable, utf8 } from '../../bytes/bytes.ts';
import { generationNumbers, readGeneration, type Generation } from '../../host/generations.ts';
import { changesAt, contentOf, placeInHistory, type HistoryPlace } from '../../host/history.ts';
import { toJsonText } from '../../host/json.ts';
import type { Before } from '../../host/plan.ts';
import { visitHost, type Host } from '../../host/transaction.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { JSON_OPTION, type Call, type Command } from '../command.ts';
import { unifiedDifference } from '../difference.ts';
import { generationArgument } from '../generation-argument.ts';
import { changeLines, generationLines, historyLines } from '../history-text.ts';
import { rawArgument } from '../raw-argument.ts';

export const command: Command = {
  usage: '[generation]',
  details:
    'Every command that changed this host made a numbered generation. Without an argument they are\n' +
    'listed, the newest last; with a number that one is shown: who, when, why and by which command,\n' +
    'each system file with what was changed in it, and the links. Of a generation that xh gc has\n' +
    'collected, which are dim, the differences are not known any more.',
  options: [
    { flags: '-n, --last <count>', summary: 'only so many of the newest' },
    {
      flags: '--file <path>',
      summary: 'only those that changed this file, or something below this directory',
    },
    { flags: '-p, --patch', summary: 'with the differences of each one' },
    JSON_OPTION,
  ],
  examples: [
    { command: 'xh history', explains: 'all generations, one a line' },
    { command: 'xh history 12', explains: 'what generation 12 changed' },
    { command: 'xh history -p --file /etc/services', explains: 'who changed a file, and how' },
    { command: 'xh history -n 1 --json', explains: 'the newest one, for a program' },
  ],
  run(call) {
    const { args, options, terminal } = call;
    const asked = args[0] === undefined ? undefined : generationArgument(args[0]);
    return visitHost(call.site, (host) => {
      const found = asked === undefined ? selected(call, host) : [only(call, host, asked)];
      const patch = asked !== undefined || options['patch'] === true;
      if (options['json'] === true) {
        const shown = patch ? found.map((each) => withDifferences(host, each)) : found;
        terminal.print(toJsonText(asked === undefined ? shown : shown[0], 2));
      } else print(call, host, found, { one: asked !== undefined, patch });
      return EXIT.done;
    });
  },
};

function print(
  { options, terminal }: Call,
  { walker }: Host,
  generations: readonly Generation[],
  { one, patch }: { readonly one: boolean; readonly patch: boolean },
): void {
  const text = {
    styles: terminal.out,
    verbose: terminal.verbose,
    walker,
  };
  for (const [i, line] of historyLines(generations, terminal.out).entries()) {
    const generation = generations[i];
    if (generation === undefined) break;
    const lines = one
      ? generationLines(generation, text)
      : [line, ...(patch ? [...changeLines(generation, text), ''] : [])];
    for (const each of lines) terminal.print(each);
  }
  if (generations.length > 0) return;
  const { file } = options;
  terminal.tell(
    typeof file === 'string'
      ? `no generation has changed ${printable(rawArgument(file))}`
      : 'nothing has been changed on this host yet',
  );
}

/** The generations that are asked for, with what is asked for of them. */
function selected(call: Call, host: Host): Generation[] {
  const numbers = generationNumbers(host.walker);
  const place = placeOf(call, host);
  const count = lastOf(call);
  if (place === undefined) {
    return numbers.slice(-count).map((number) => readGeneration(host.walker, number));
  }
  const found: Generation[] = [];
  for (const number of numbers.toReversed()) {
    if (found.length >= count) break;
    const generation = at(readGeneration(host.walker, number), place);
    if (generation.changes.length > 0) found.unshift(generation);
  }
  return found;
}

function only(call: Call, host: Host, number: number): Generation {
  const generation = readGeneration(host.walker, number);
  const place = placeOf(call, host);
  return place === undefined ? generation : at(generation, place);
}

function at(generation: Generation, place: HistoryPlace): Generation {
  return { ...generation, changes: changesAt(generation, place) };
}

function placeOf({ options }: Call, host: Host): HistoryPlace | undefined {
  const { file } = options;
  return typeof file === 'string' ? placeInHistory(host, rawArgument(file)) : undefined;
}

/** @throws XhError E_USAGE */
function lastOf({ options }: Call): number {
  const { last } = options;
  if (typeof last !== 'string') return Infinity;
  if (/^[1-9]\d{0,8}$/.test(last)) return Number(last);
  throw new XhError('E_USAGE', `--last ${printable(bytes(last))}: expected a number, 1 or more`, {
    exit: EXIT.usage,
    remedy: "for example 'xh history --last 5'",
  });
}

/** With the difference of each file of which both contents are known, and are text. */
function withDifferences({ walker }: Host, generation: Generation): unknown {
  const textOf = (state: Before): string | undefined => {
    const found = contentOf(walker, state.type === 'link' ? { type: 'absent' } : state);
    return 'content' in found ? utf8(found.content) : undefined;
  };
  return {
    ...generation,
    changes: generation.changes.map((change) => {
      if (change.op !== 'write' && change.op !== 'remove') return change;
      const [from, to] = [textOf(change.before), textOf(change.after)];
      if (from === undefined || to === undefined || from === to) return change;
      return { ...change, difference: unifiedDifference({ from, to, context: 3 }) };
    }),
  };
}
