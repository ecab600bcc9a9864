/** nats-server as Debian has it, on the loopback or where it is told to be. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listeningAt, startServer, type Listening, type RunningServer } from './server.ts';

export interface NatsOptions extends Listening {
  /** More of its configuration: accounts and what each may do. JetStream is on. */
  readonly configuration?: string;
}

/**
 * A server that keeps what it has been told in `directory`, so that one that is started there again, at
 * the same port, goes on where the last one ended.
 * @param directory its own files: a directory of the caller's, who removes it
 */
export async function startNats(
  directory: string,
  options: NatsOptions = {},
): Promise<RunningServer> {
  const where = await listeningAt(options);
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'nats.conf');
  writeFileSync(
    file,
    `listen: "${where.address}:${where.port}"
jetstream { store_dir: "${directory}/jetstream" }
${options.configuration ?? ''}
`,
  );
  const words = ['nats-server', '-c', file];
  const server = await startServer({ words, directory, name: 'nats-server' }, where);
  return { ...server, url: `nats://${where.address}:${where.port}` };
}
