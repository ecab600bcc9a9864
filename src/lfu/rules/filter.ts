/**
 * Which objects rules may have anything to do with, as data: for whoever looks at millions of objects
 * without being able to ask the rules about each. It says yes too often, never no too often.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import type { ScanFilter, ScanFilters, TextKey } from '../../files/scan-filter.ts';
import { chainKeys } from './candidates.ts';
import type { CheckedChain } from './checker.ts';
import { decisionOf, isIdle } from './decision.ts';
import type { AmountKey, IndexKey } from './tests.ts';

/**
 * Filters that let through every object on which `chains` want something done although it is the
 * same on both sides; undefined when they may want that of any object.
 */
export function filtersOf(chains: readonly CheckedChain[]): ScanFilters | undefined {
  const others: IndexKey[] = [];
  const directories: IndexKey[] = [];
  for (const [number, chain] of chains.entries()) {
    const decisions = chain.arms.map(({ effect, node }, arm) =>
      decisionOf(effect, [{ chain: number, arm, span: node.span }]),
    );
    const asks = !decisions.every((decision) => isIdle(decision));
    // what is ignored is left as it is, and it is as it ought to be: but a directory is not entered
    if (!asks && decisions.every(({ disposition }) => disposition !== 'ignore')) continue;
    const keys = chainKeys(chain);
    if (asks && keys === undefined) return undefined;
    for (const key of keys ?? ANY_DIRECTORY) directories.push(key);
    if (asks) for (const key of keys ?? []) others.push(key);
  }
  return { directories: filterOf(directories), others: filterOf(others) };
}

const ANY_DIRECTORY: readonly IndexKey[] = [{ on: 'type', type: 'd' }];

/** Lets through what has any of `keys`. */
function filterOf(keys: readonly IndexKey[]): ScanFilter {
  const texts = (on: TextKey): Bytes[] => keys.flatMap((key) => (key.on === on ? key.text : []));
  const ids = (on: 'uid' | 'gid') => keys.flatMap((key) => (key.on === on ? key.id : []));
  const amounts = (on: AmountKey) => keys.flatMap((key) => (key.on === on ? key : []));
  const types = new Set(keys.map((key) => (key.on === 'type' ? key.type : undefined)));
  const modes = keys.filter((key) => key.on === 'mode');
  return {
    texts,
    uids: ids('uid'),
    gids: ids('gid'),
    hasMode: (object) => types.has(object.type) || modes.some((key) => key.matches(object)),
    ranges: amounts,
  };
}
