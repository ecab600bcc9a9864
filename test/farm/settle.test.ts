import { describe, expect, test } from 'vitest';
import { b, type Bytes } from '../../src/bytes/bytes.ts';
import { settle, tieConflict, type Candidate } from '../../src/farm/settle.ts';

const never = { identical: () => false };

function candidate(name: string, priority: number): Candidate {
  return {
    package: name as Bytes,
    priority,
    class: 'bin',
    target: b`/software/${name as Bytes}/bin/x`,
  };
}

describe('who wins a name', () => {
  test('nobody, when nobody wants it', () => {
    expect(settle([], never)).toBeUndefined();
  });

  test('the only one, whatever its priority', () => {
    expect(settle([candidate('a', 0)], never)).toEqual({
      winner: candidate('a', 0),
      losers: [],
      by: 'alone',
    });
  });

  test('the higher priority, losers best first, in whatever order they come', () => {
    const [a, c, d] = [candidate('a', 10), candidate('c', 90), candidate('d', 50)];
    for (const order of [
      [a, c, d],
      [d, c, a],
      [c, a, d],
    ]) {
      expect(settle(order, never)).toEqual({ winner: c, losers: [d, a], by: 'priority' });
    }
  });

  test('nobody at equal priority, unless the site prefers one or the contents are the same', () => {
    const both = [candidate('b', 50), candidate('a', 50)];
    expect(settle(both, never)?.tie?.package).toBe('b');
    expect(settle(both, { ...never, preferred: b`b` })).toMatchObject({
      winner: { package: 'b' },
      by: 'preference',
    });
    expect(settle(both, { identical: () => true })).toMatchObject({
      winner: { package: 'a' },
      by: 'content',
    });
    expect(settle(both, { identical: () => true })).not.toHaveProperty('tie');
  });

  test('a tie below the winner does not matter, one with the winner does wherever it stands', () => {
    const [top, a, c] = [candidate('t', 60), candidate('a', 50), candidate('c', 50)];
    expect(settle([a, top, c], never)).not.toHaveProperty('tie');
    const same = (one: Candidate, other: Candidate): boolean =>
      one.package !== 'c' && other.package !== 'c';
    // a and b have the same content, c another
    expect(settle([a, candidate('b', 50), c], { identical: same })?.tie).toEqual(c);
  });

  test('a preference beats priority, and one for somebody who is not there changes nothing', () => {
    const [low, high] = [candidate('low', 1), candidate('high', 99)];
    expect(settle([low, high], { ...never, preferred: b`low` })?.winner).toBe(low);
    expect(settle([low, high], { ...never, preferred: b`gone` })?.winner).toBe(high);
  });

  test('the conflict of a tie names both and the commands', () => {
    const conflict = tieConflict(b`/x/vi\n`, candidate('a', 50), candidate('b', 50));
    expect(conflict.message).toBe(
      String.raw`vi\n is provided by both a and b, at equal priority 50`,
    );
    expect(conflict.remedy).toContain(String.raw`xh prefer vi\n a   or   xh prefer vi\n b`);
  });
});
