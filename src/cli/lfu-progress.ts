/**
 * How far a run has come, in one line on standard error that is drawn over and over: for people at a
 * terminal who wait longer than a second. Where there is no terminal nothing is counted for it.
 */
import type { Progress } from '../lfu/options.ts';
import { bytesText, clockText, numberText } from './figures.ts';
import type { Lines } from './lines.ts';
import { errorStyles, type ColorWhen, type Styles } from './terminal.ts';

export interface ProgressOptions {
  readonly quiet: boolean;
  readonly json: boolean;
  readonly color?: ColorWhen;
}

/** What draws the line; undefined where nobody looks. */
export function createProgress(
  line: ProgressOptions,
  streams: { readonly out: Lines; readonly err: Lines },
): ((progress: Progress) => void) | undefined {
  const { stderr } = process;
  // a dumb terminal cannot clear a line
  if (line.quiet || line.json || !stderr.isTTY || process.env['TERM'] === 'dumb') return undefined;
  const styles = errorStyles(line.color ?? 'auto');
  const meter = createMeter();
  const start = performance.now();
  let last = start;
  return (progress) => {
    const now = performance.now();
    if (now - last < PERIOD) return;
    last = now;
    const reading = meter.take(progress, now / 1000);
    if (now - start < PATIENCE) return;
    // lines of changes are seen as they come, above this one
    if (process.stdout.isTTY) streams.out.flush();
    streams.err.passing(progressText(reading, stderr.columns - 1, styles));
  };
}

/** A moment of a run, with what is known of its pace. */
export interface Reading {
  readonly progress: Progress;
  /** Objects, changes and bytes a second; undefined before anything can be said. */
  readonly objectRate: number | undefined;
  readonly changeRate: number | undefined;
  readonly byteRate: number | undefined;
  /** Seconds. */
  readonly remaining: number | undefined;
  /** Between 0 and 1, of what there is to do. */
  readonly done: number;
}

/** Measures the pace of the last seconds. */
export function createMeter(): { take(progress: Progress, seconds: number): Reading } {
  let phase: Progress['phase'] = 'scan';
  let samples: Sample[] = [];
  return {
    take(progress, seconds) {
      if (progress.phase !== phase) samples = [];
      ({ phase } = progress);
      const now = sampleOf(progress, seconds);
      samples.push(now);
      while (samples.length > 2 && seconds - (samples[1]?.seconds ?? seconds) > WINDOW) {
        samples.shift();
      }
      const first = samples[0] ?? now;
      const time = now.seconds - first.seconds;
      const rate = (to: number, from: number): number | undefined =>
        time < SHORTEST ? undefined : (to - from) / time;
      const workRate = rate(now.work, first.work);
      return {
        progress,
        objectRate: rate(now.objects, first.objects),
        changeRate: rate(now.changes, first.changes),
        byteRate: rate(now.bytes, first.bytes),
        remaining: workRate ? (now.allWork - now.work) / workRate : undefined,
        done: now.allWork === 0 ? 0 : Math.min(1, now.work / now.allWork),
      };
    },
  };
}

interface Sample {
  readonly seconds: number;
  readonly objects: number;
  readonly changes: number;
  readonly bytes: number;
  /** In bytes, each change being worth some. */
  readonly work: number;
  readonly allWork: number;
}

function sampleOf(progress: Progress, seconds: number): Sample {
  if (progress.phase === 'scan') {
    return { seconds, objects: progress.objects, changes: 0, bytes: 0, work: 0, allWork: 0 };
  }
  const { done, total, bytes, totalBytes } = progress;
  const work = bytes + done * CHANGE;
  return { seconds, objects: 0, changes: done, bytes, work, allWork: totalBytes + total * CHANGE };
}

/** The line, not longer than `width`: what matters least goes first where it is narrow. */
export function progressText(reading: Reading, width: number, styles: Styles): string {
  const forms = reading.progress.phase === 'scan' ? scanForms(reading) : applyForms(reading);
  const form = forms.find((parts) => lengthOf(parts) <= width) ?? [];
  return form.map(({ text, style }) => styles[style](text)).join(GAP);
}

interface Part {
  readonly text: string;
  readonly style: keyof Styles;
}

function scanForms({ progress, objectRate }: Reading): readonly (readonly Part[])[] {
  if (progress.phase !== 'scan') return [];
  const head = part('comparing', 'bold');
  const objects = part(`${numberText(progress.objects)} objects`, 'cyan');
  const rate = objectRate ? [part(`${numberText(objectRate)}/s`, 'dim')] : [];
  return [[head, objects, ...rate], [head, objects], [objects]];
}

function applyForms(reading: Reading): readonly (readonly Part[])[] {
  const { progress, changeRate, byteRate, remaining, done } = reading;
  if (progress.phase !== 'apply') return [];
  const { totalBytes } = progress;
  const bar = part(barText(done), 'cyan');
  const percent = part(`${String(Math.floor(done * 100)).padStart(3)}%`, 'bold');
  const changes = part(
    `${numberText(progress.done)} of ${numberText(progress.total)} changes`,
    'cyan',
  );
  const bytes = part(`${bytesText(progress.bytes)} of ${bytesText(totalBytes)}`, 'cyan');
  const sizes = totalBytes > 0 ? [bytes] : [];
  const pace =
    byteRate !== undefined && byteRate >= 1
      ? [part(`${bytesText(byteRate)}/s`, 'dim')]
      : changeRate
        ? [part(`${numberText(changeRate)}/s`, 'dim')]
        : [];
  const left = remaining === undefined ? [] : [part(`${clockText(remaining)} left`, 'bold')];
  return [
    [bar, percent, changes, ...sizes, ...pace, ...left],
    [percent, changes, ...sizes, ...pace, ...left],
    [percent, ...(totalBytes > 0 ? sizes : [changes]), ...pace, ...left],
    [percent, ...pace, ...left],
    [percent, ...left],
    [percent],
  ];
}

function barText(done: number): string {
  const full = Math.floor(done * BAR);
  return `[${'#'.repeat(full)}${'-'.repeat(BAR - full)}]`;
}

function part(text: string, style: keyof Styles): Part {
  return { text, style };
}

function lengthOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { text }) => sum + text.length + GAP.length, -GAP.length);
}

const GAP = '  ';
const BAR = 20;
/** Milliseconds. */
const PATIENCE = 1000;
const PERIOD = 100;
/** Seconds whose pace counts, and that it takes to tell one. */
const WINDOW = 10;
const SHORTEST = 0.5;
/** What making a change costs besides its bytes, in bytes: about what a small file does. */
const CHANGE = 64 << 10;
