/** nginx before a store, configured as a site would. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listeningAt, startServer, type Listening, type RunningServer } from './server.ts';

export interface NginxOptions extends Listening {
  /** More directives for its `server`. */
  readonly directives?: string;
}

export interface Nginx extends RunningServer {
  /** Lines `STATUS BYTES ADDRESS`, one for each answer. */
  readonly accessLog: string;
}

/**
 * Serves `root`.
 * @param directory its own files: a directory of the caller's, who removes it
 */
export async function startNginx(
  directory: string,
  root: string,
  options: NginxOptions = {},
): Promise<Nginx> {
  const where = await listeningAt(options);
  mkdirSync(directory, { recursive: true });
  const accessLog = join(directory, 'access.log');
  const file = join(directory, 'nginx.conf');
  // one process, so that a signal ends all of it; as root when the test is, for stores that are not public
  const account = process.getuid?.() === 0 ? 'user root;' : '';
  writeFileSync(
    file,
    `daemon off; master_process off; ${account} pid ${directory}/nginx.pid; error_log stderr;
    events { worker_connections 1024; }
    http {
      log_format figures '$status $bytes_sent $remote_addr $request_method $uri';
      access_log ${accessLog} figures;
      sendfile on; tcp_nopush on; keepalive_requests 1000000; open_file_cache off;
      client_body_temp_path ${directory}/t1; proxy_temp_path ${directory}/t2;
      fastcgi_temp_path ${directory}/t3; uwsgi_temp_path ${directory}/t4; scgi_temp_path ${directory}/t5;
      server {
        listen ${where.address}:${where.port};
        root ${root};
        # what is named by its hash never changes; caches are to ask for the rest each time
        add_header Cache-Control no-cache;
        location ~ /(objects|trees)/ { add_header Cache-Control "public, max-age=31536000, immutable"; }
        ${options.directives ?? ''}
      }
    }
`,
  );
  const words = ['nginx', '-p', directory, '-c', file, '-e', 'stderr'];
  return { ...(await startServer({ words, directory, name: 'nginx' }, where)), accessLog };
}
