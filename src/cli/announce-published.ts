/** Hosts that listen are told what has been published; that they could not be is a warning. */
import type { PublishOutcome } from '../depot/store/publish-packages.ts';
import { announce } from '../distribute/status/notices.ts';
import type { Call } from './command.ts';

export async function announcePublished(
  { site, config, terminal }: Call,
  outcomes: readonly PublishOutcome[],
): Promise<void> {
  const notices = outcomes.flatMap(({ package: name, result, revision }) =>
    result === 'published' && revision !== undefined ? [{ package: name, revision }] : [],
  );
  const error = await announce(site, config(), notices);
  if (error === undefined) return;
  terminal.warn(`warning: hosts that listen could not be told: ${error.message}`);
  terminal.warn('    → they find out at their next pull all the same');
}
