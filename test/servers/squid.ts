/** squid as a cache between hosts and a store, configured as a site would: what is named by its hash is kept. */
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { listeningAt, startServer, type Listening, type RunningServer } from './server.ts';

export interface Squid extends RunningServer {
  /** Lines `RESULT/STATUS BYTES URL`, one for each answer: `TCP_MEM_HIT/200 …`. */
  readonly accessLog: string;
}

/**
 * A cache before the server at `origin`, asked like a server itself.
 * @param directory its own files: a directory of the caller's, who removes it
 */
export async function startSquid(
  directory: string,
  origin: { readonly address: string; readonly port: number },
  options: Listening = {},
): Promise<Squid> {
  const where = await listeningAt(options);
  mkdirSync(directory, { recursive: true });
  const accessLog = join(directory, 'access.log');
  const file = join(directory, 'squid.conf');
  writeFileSync(
    file,
    `http_port ${where.address}:${where.port} accel defaultsite=${origin.address} no-vhost
cache_peer ${origin.address} parent ${origin.port} 0 no-query originserver name=store
http_access allow all
cache_mem 256 MB
maximum_object_size_in_memory 64 MB
maximum_object_size 64 MB
# a range of a pack brings all of it, for the next host
range_offset_limit 64 MB
quick_abort_min -1 KB
collapsed_forwarding on
refresh_pattern /(objects|trees)/ 525600 100% 525600 override-lastmod
refresh_pattern . 0 0% 0
negative_ttl 0 seconds
pid_filename ${directory}/squid.pid
coredump_dir ${directory}
cache_log stdio:${directory}/cache.log
logformat figures %Ss/%03>Hs %<st %ru
access_log stdio:${accessLog} figures
shutdown_lifetime 0 seconds
pinger_enable off
`,
  );
  const asRoot = process.getuid?.() === 0;
  if (asRoot) {
    const id = (flag: string): number =>
      Number(execFileSync('id', [flag, ACCOUNT], { encoding: 'utf8' }));
    // a way for it into what only its owner may enter
    chmodSync(dirname(directory), 0o711);
    for (const path of [directory, file]) chownSync(path, id('-u'), id('-g'));
  }
  const words = ['squid', '-N', '-f', file];
  const user = asRoot ? { user: ACCOUNT } : {};
  const environment = { PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };
  const command = { words, directory, name: 'squid', environment, ...user };
  return { ...(await startServer(command, where)), accessLog };
}

/** squid will not run as root. */
const ACCOUNT = 'proxy';
