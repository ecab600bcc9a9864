/**
 * Asking the hosts of the inventory for their records over ssh, each with the key that distributes to it:
 * one that is confined to `xh receive` answers this question, too, and no other.
 */
import type { Readable } from 'node:stream';
import { bytes, toText } from '../../bytes/bytes.ts';
import type { Inventory, KnownHost } from '../../distribute/hosts/inventory.ts';
import {
  connect,
  whyEnded,
  type Connection,
  type SshHost,
} from '../../distribute/ssh/connection.ts';
import type { StatusSource } from '../../distribute/status/gather.ts';
import { LARGEST_RECORD } from '../../distribute/status/host-record.ts';
import { askingSource, type HostReply } from '../../distribute/status/ssh-source.ts';
import { XhError } from '../../message/error.ts';
import type { Config } from '../../site/config.ts';

/** As many at a time as distributions are, each as long as a connection may take. */
export function inventorySource(inventory: Inventory, config: Config): StatusSource {
  const hosts = new Map(inventory.map((host) => [toText(host.name), host]));
  const ask = (name: string): Promise<HostReply> => {
    const host = hosts.get(name);
    return host === undefined
      ? Promise.resolve({ problem: 'it is not in the inventory' })
      : askHost(host, config);
  };
  return askingSource([...hosts.keys()], ask, { jobs: config.values['distribute.jobs'] });
}

async function askHost(host: KnownHost, config: Config): Promise<HostReply> {
  const { values } = config;
  const program = toText(values['ssh.program']).split(' ').filter(Boolean);
  const connectTimeout = values['distribute.connect-timeout'];
  const connection = connect(sshHost(host, config), { program, connectTimeout });
  connection.output.on('error', () => undefined).end();
  const patience = (connectTimeout + ANSWER) * 1000;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    connection.kill();
  }, patience);
  try {
    const text = await textOf(connection.input, connection);
    const ended = await connection.ended;
    if (isLate) return { problem: `it has not answered within ${patience / 1000} s` };
    if (ended.code === 0 || text.includes('{')) return { text };
    const stranger = new XhError('E_CHANNEL_STRANGER', 'it answers nothing');
    return { problem: whyEnded(ended, connection.said(), stranger).message };
  } finally {
    clearTimeout(timer);
    connection.kill();
  }
}

/** What has come, up to where it is too much; a connection that breaks ends it. */
async function textOf(input: Readable, connection: Connection): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of input as AsyncIterable<Buffer>) {
      pieces.push(piece);
      length += piece.length;
      if (length > MOST) {
        connection.kill();
        break;
      }
    }
  } catch {
    // how it ended says why
  }
  return Buffer.concat(pieces).toString();
}

function sshHost(host: KnownHost, { values }: Config): SshHost {
  const { name, address, user, port, options, receive } = host;
  return {
    address: toText(address ?? name),
    ...(user !== undefined && { user: toText(user) }),
    ...(port !== undefined && { port }),
    options: [...(options ?? []), ...values['ssh.options']].map(toText),
    command: `${programOf(toText(receive ?? bytes('')))} status --print`,
  };
}

/** The xh of a host is the one that receives there. */
function programOf(receive: string): string {
  const cut = receive.indexOf(' receive');
  return cut > 0 ? receive.slice(0, cut) : 'xh';
}

/** Seconds in which a host that we have reached has to answer. */
const ANSWER = 30;
/** Bytes: a record, and what a login says before. */
const MOST = LARGEST_RECORD + (64 << 10);
