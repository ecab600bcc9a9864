/** `xh serve --store [DIR]`. */
import { bytes, printable } from '../../bytes/bytes.ts';
import { servedStore } from '../../depot/serve/serve.ts';
import { startStoreServer, type ServedRequest } from '../../distribute/serve/server.ts';
import { EXIT, XhError, type ExitCode } from '../../message/error.ts';
import type { Call, Command } from '../command.ts';
import { absolutePath } from '../lfu-site.ts';
import { rawArgument } from '../raw-argument.ts';

export const command: Command = {
  usage: '[dir]',
  details:
    'Serves a store over HTTP: the directory DIR that xh publish or xh store mirror has made, or without\n' +
    'one what this host has pulled, so that hosts feed hosts: heads as they were signed, listings, and\n' +
    "contents read from the packages' own files, verified before they are sent. Nothing is copied and\n" +
    'nothing is written. Whoever pulls from it believes nothing but signatures and hashes, as with any\n' +
    'store, so it need not be trusted, and needs no root: an ordinary user can run it.\n' +
    '\n' +
    'Any web server can serve the directory of a store as well; this one is for hosts that have no other,\n' +
    'and for what has been pulled, which no other can serve. It speaks plain HTTP; caches and servers with\n' +
    'TLS are put before it as before any other.\n' +
    '\n' +
    'It listens at 127.0.0.1 unless --listen says otherwise, prints its address on standard output once it\n' +
    'does, and with -v a line for each request on standard error. SIGTERM and Ctrl-C end it when those who\n' +
    'are being answered have what they asked for, at the latest after 30 seconds; the second time at once.',
  options: [
    { flags: '--store', summary: 'serve a store (the only thing that is served so far)' },
    {
      flags: '--listen <address>',
      summary: 'ADDRESS:PORT, :PORT for all addresses, or PORT for 127.0.0.1 (default: 7141)',
    },
    { flags: '--connections <count>', summary: 'how many at the same time (default: 256)' },
  ],
  words: { address: 'any', count: 'any' },
  examples: [
    {
      command: 'xh serve --store --listen :7141',
      explains: 'feed other hosts with what this one has pulled',
    },
    {
      command: 'xh serve --store /srv/store -v',
      explains: 'try a store out: who asks for what is shown',
    },
  ],
  exits: [{ code: 0, means: 'ended by a signal, in order' }],
  async run(call) {
    const { options, args, terminal } = call;
    if (options['store'] !== true) {
      throw usage('what is to be served is missing', 'xh serve --store [DIR] serves a store');
    }
    const where = listenAt(typeof options['listen'] === 'string' ? options['listen'] : PORT);
    const connections = countIn(options['connections']);
    const [directory] = args.map((word) => absolutePath(rawArgument(word)));
    const served = servedStore(call.site, call.config, {
      ...(directory !== undefined && { directory }),
      tell: (line) => {
        terminal.detail(line);
      },
    });
    try {
      const server = await startStoreServer(served, {
        ...where,
        ...(connections !== undefined && { connections }),
        told(request) {
          terminal.detail(requestLine(request));
        },
      });
      terminal.print(server.url);
      terminal.tell(`serving ${served.name}`);
      await untilSignal(call);
      await server.drain(DRAIN);
      return EXIT.done;
    } finally {
      served.close();
    }
  },
};

/** Where it listens when nobody says. */
const PORT = '7141';
/** Milliseconds. */
const DRAIN = 30_000;

/** Returns at the first signal; the second one ends the process. */
async function untilSignal({ terminal }: Call): Promise<void> {
  await new Promise<void>((resolve) => {
    let isEnding = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (isEnding) process.exit(EXIT.interrupted satisfies ExitCode);
        isEnding = true;
        terminal.tell('ending when those who are being answered have what they asked for');
        resolve();
      });
    }
  });
}

/** `127.0.0.1 GET /trust.json 200 1024 3ms`, and why not. */
function requestLine({
  client,
  method,
  address,
  status,
  bytes: length,
  took,
  why,
}: ServedRequest): string {
  const words = [
    client,
    method,
    printable(bytes(address)),
    status,
    length,
    `${Math.round(took)}ms`,
  ];
  return `${words.join(' ')}${why === undefined ? '' : `: ${printable(bytes(why))}`}`;
}

/** @throws XhError E_USAGE */
function listenAt(word: string): { readonly address: string; readonly port: number } {
  const [, v6, host, digits = ''] =
    /^(?:\[([0-9A-Fa-f:.%]+)\]:|([^:[\]]*):)?(\d{1,5})$/.exec(word) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65_535) {
    throw usage(
      `--listen ${printable(bytes(word))}: that is no address with a port`,
      'write for example 192.0.2.1:7141, [2001:db8::1]:7141, :7141 or 7141',
    );
  }
  return { address: v6 ?? (host === undefined ? '127.0.0.1' : host === '' ? '::' : host), port };
}

function countIn(word: unknown): number | undefined {
  if (word === undefined) return undefined;
  if (typeof word === 'string' && /^[1-9]\d{0,4}$/.test(word)) return Number(word);
  const shown = typeof word === 'string' ? printable(bytes(word)) : '';
  throw usage(`--connections ${shown}: expected a number, 1 to 99999`);
}

function usage(message: string, remedy = "'xh serve --help' shows how it is used"): XhError {
  return new XhError('E_USAGE', message, { exit: EXIT.usage, remedy });
}
