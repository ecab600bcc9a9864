/**
 * Fair timings: commands in turn (A B A B …), after one round that is not counted, medians and
 * 95th percentiles, and ratios to the first. Each run is timed from outside by bash, whose own part
 * (one fork) is the same for all.
 */
import { spawnSync } from 'node:child_process';

/**
 * @typedef {{ name: string, command: string, before?: string }} Contender `before` is not timed
 * @typedef {{ name: string, p50: number, p95: number, ratio: number }} Timing milliseconds; ratio of medians to the first
 */

/**
 * @param {readonly Contender[]} contenders
 * @param {{ runs?: number, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Timing[]}
 */
export function race(contenders, { runs = 21, env = process.env } = {}) {
  const times = contenders.map(() => /** @type {number[]} */ ([]));
  const rounds = Array.from({ length: runs + 1 }, (_, round) => round);
  const script = rounds
    .flatMap((round) =>
      contenders.map(({ command, before = ':' }, i) =>
        [
          before,
          'start=$EPOCHREALTIME',
          `${command} >/dev/null 2>&1`,
          'end=$EPOCHREALTIME',
          round === 0 ? ':' : `echo "${i} $start $end"`,
        ].join('\n'),
      ),
    )
    .join('\n');
  const { stdout, stderr, status } = spawnSync('bash', ['-s'], {
    input: script,
    encoding: 'utf8',
    env,
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`the commands could not be timed: ${stderr}`);
  for (const line of stdout.trim().split('\n')) {
    const [i = '', start = '', end = ''] = line.split(' ');
    // with a comma in some locales
    const seconds = Number(end.replace(',', '.')) - Number(start.replace(',', '.'));
    times[Number(i)]?.push(seconds * 1000);
  }
  const timings = contenders.map(({ name }, i) => {
    const sorted = (times[i] ?? []).toSorted((one, other) => one - other);
    const at = (/** @type {number} */ part) =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
    return { name, p50: at(0.5), p95: at(0.95), ratio: NaN };
  });
  return timings.map((timing) => ({ ...timing, ratio: timing.p50 / (timings[0]?.p50 ?? NaN) }));
}

/** @param {string} title @param {readonly Timing[]} timings @param {string} [goal] */
export function report(title, timings, goal) {
  console.log(`\n${title}`);
  const width = Math.max(...timings.map(({ name }) => name.length));
  for (const { name, p50, p95, ratio } of timings) {
    const number = (/** @type {number} */ value) => value.toFixed(value < 10 ? 2 : 0).padStart(8);
    console.log(
      `  ${name.padEnd(width)}  p50 ${number(p50)} ms  p95 ${number(p95)} ms  ratio ${ratio.toFixed(2)}`,
    );
  }
  if (goal !== undefined) console.log(`  goal: ${goal}`);
}
