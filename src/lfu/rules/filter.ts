/**
 * Which objects rules may have anything to do with, as data: for whoever looks at millions of objects
 * without being able to ask the rules about each. It says yes too often, never no too often.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import type { ScanFilter, TextKey } from '../../files/scan-filter.ts';
import { chainKeys } from './candidates.ts';
import type { CheckedChain } from './checker.ts';
import { decisionOf, isIdle } from './decision.ts';
import type { AmountKey, IndexKey } from './tests.ts';

/**
 * A filter that lets through every object on which `chains` want something done although it is the
 * same on both sides; undefined when they may want that of any object.
 */
export function filterOf(chains: readonly CheckedChain[]): ScanFilter | undefined {
  const keys: IndexKey[] = [];
  for (const [number, chain] of chains.entries()) {
    if (!asksForSomething(chain, number)) continue;
    const wanted = chainKeys(chain);
    if (wanted === undefined) return undefined;
    for (const key of wanted) keys.push(key);
  }
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

/** An ignored directory must not be entered, however much it is the same. */
function asksForSomething({ arms }: CheckedChain, chain: number): boolean {
  return arms.some(({ effect, node }, arm) => {
    const decision = decisionOf(effect, [{ chain, arm, span: node.span }]);
    return decision.disposition === 'ignore' || !isIdle(decision);
  });
}
