/**
 * Records that came over ssh, kept as they came: what a host said last is known when it does not answer,
 * and how long ago that was.
 */
import { b, type Bytes } from '../../bytes/bytes.ts';
import { makeDirs, type Walker } from '../../files/walk.ts';
import type { Found, Gathering, StatusSource } from '../../distribute/status/gather.ts';
import { directorySource, writeToDirectory } from '../../distribute/status/shared-directory.ts';
import { adminPath, type Site } from '../../site/site.ts';

/** What was heard before; nothing where nobody was ever asked. */
export function heardBefore(site: Site): StatusSource {
  const source = directorySource(adminPath(site, HEARD));
  return {
    name: 'what was heard before',
    async read() {
      const { found } = await source.read();
      return { found, problems: [] };
    },
  };
}

/** A source whose answers can be kept once it is known which are believed. */
export function keeping(source: StatusSource): StatusSource & { keep(into: Keeping): void } {
  let answers: readonly Found[] = [];
  return {
    name: source.name,
    async read() {
      const read = await source.read();
      answers = read.found;
      return read;
    },
    keep({ site, walker, gathering }) {
      const believed = new Set(
        gathering.hosts.filter(({ via }) => via === source.name).map(({ host }) => host),
      );
      makeDirs(walker, b`/.software/local/.admin/${HEARD}`);
      for (const { host, text } of answers) {
        if (text !== undefined && believed.has(host)) {
          writeToDirectory(adminPath(site, HEARD), host, text);
        }
      }
    },
  };
}

export interface Keeping {
  readonly site: Site;
  readonly walker: Walker;
  readonly gathering: Gathering;
}

const HEARD: Bytes = b`status-heard`;
