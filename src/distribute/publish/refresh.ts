/** Signing a head again that would expire, as it stands: its publisher need not have the package any more. */
import type { Bytes } from '../../bytes/bytes.ts';
import { headText, type Head } from '../store/head.ts';
import { headPath, pastHeadPath } from '../store/paths.ts';
import type { Store } from '../store/store.ts';
import { busy, demandClock, standingHead, type PublishOptions } from './publish.ts';

export interface Refreshed {
  readonly head: Head;
  readonly outcome: 'refreshed' | 'unchanged';
}

/**
 * A head that is good for less than half of the time is signed for the whole of it.
 * @returns undefined when the store has no such package
 * @throws XhError E_PUBLISH_BUSY, E_PUBLISH_CLOCK; what `believe` throws; E_STORE_*
 */
export async function refreshHead(
  store: Store,
  directory: Bytes,
  { key, now, lifetime, believe }: Pick<PublishOptions, 'key' | 'now' | 'lifetime' | 'believe'>,
): Promise<Refreshed | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const standing = await standingHead(store, directory, believe);
    if (standing === undefined) return undefined;
    const { head: last, content } = standing;
    if (Date.parse(last.expires) - now > lifetime / 2) return { head: last, outcome: 'unchanged' };
    demandClock(last, now);
    const head: Head = {
      ...last,
      revision: last.revision + 1,
      published: new Date(now).toISOString(),
      expires: new Date(now + lifetime).toISOString(),
    };
    await store.replace(pastHeadPath(directory, last.revision), content, undefined);
    const text = Buffer.from(headText(head, [key]));
    if (await store.replace(headPath(directory), text, content))
      return { head, outcome: 'refreshed' };
  }
  throw busy(directory);
}

const ATTEMPTS = 20;
