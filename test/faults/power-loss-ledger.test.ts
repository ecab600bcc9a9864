/**
 * A loss of power during an update of a slave: the ledger, by which masters know whose is what, is the
 * one before or the one after, whole, and the next updates need no repair.
 */
import { expect, test } from 'vitest';
import { decodeLedger } from '../../src/lfu/ledger/format.ts';
import { lfuCommand } from '../lfu/trees.ts';
import { updatedSite } from '../lfu/update/site.ts';
import { reachable } from './power-loss/disk.ts';
import { losses, seeded } from './power-loss/losses.ts';
import { placeAt } from './power-loss/place.ts';
import { record } from './power-loss/record.ts';
import { requireStrace } from './strace.ts';

const SEED = Number(process.env['XHIER_SEED'] ?? Date.now() % 1_000_000);
/** One in so many states is gone on from. */
const GOES_ON = process.env['XHIER_SOAK'] === undefined ? 60 : 10;

test('after a loss of power during an update that syncs its files the ledger is whole, and two nights later all is as it should be', async () => {
  requireStrace();
  const site = updatedSite();
  site.configure({ alpha: 'fsync = true', beta: 'fsync = true' });
  // alpha brings something new and takes something away; beta may have what alpha has given up
  site.sh(`rm alpha/bin/x alpha/a/f; echo new >alpha/bin/new
    mkdir beta/a; echo beta, longer >beta/a/f`);
  const [program, ...words] = lfuCommand('update');
  const recording = await record(site.directory, [
    {
      words: [program, ...words],
      root: site.directory,
      env: { PATH: process.env['PATH'], XH_ROOT: site.root, XHIER_NATIVE: 'no' },
      prepare: () => undefined,
    },
  ]);
  const wanted = site.paths();
  const ledger = site.ledger().slice(site.directory.length + 1);
  const found = new Set<string>();
  const problems: string[] = [];
  const place = placeAt(site.directory);
  let states = 0;
  for (const loss of losses(recording.start, recording.operations, {
    random: seeded(SEED),
    more: 2,
  })) {
    states += 1;
    const standing = reachable(loss.disk());
    const now = standing.get(ledger);
    if (now?.type !== 'file') problems.push(`there is no ledger\n${loss.told()}`);
    else if (!found.has(now.content)) {
      found.add(now.content);
      if ('unreadable' in decodeLedger(Buffer.from(now.content, 'latin1'))) {
        problems.push(`the ledger is damaged\n${loss.told()}`);
      }
    }
    if (states % GOES_ON !== 0) continue;
    place.put(standing);
    for (let night = 0; night < 2; night++) site.update();
    const { status, stdout } = site.update();
    place.forget();
    if (status !== 0 || stdout !== '') problems.push(`the third says ${stdout}\n${loss.told()}`);
    if (site.paths().join() !== wanted.join() || site.read('slave/a/f') !== 'beta, longer\n') {
      problems.push(`there is ${site.paths().join(' ')}\n${loss.told()}`);
    }
  }
  console.log(
    `power lost during lfu update: ${states} states, ${found.size} ledgers (XHIER_SEED=${SEED})`,
  );
  expect(problems).toEqual([]);
  expect(found.size).toBeGreaterThan(1);
}, 280_000);
