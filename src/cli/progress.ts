/**
 * How far something has come, in one line on standard error that is drawn over and over: for people
 * at a terminal who wait longer than a second. Where there is no terminal nothing is counted for it.
 */
import type { Progress, ShowProgress } from '../message/progress.ts';
import { bytesText, clockText, numberText } from './figures.ts';
import type { Styles } from './terminal.ts';

/** Whether anybody looks at standard error, on a terminal that can clear a line. */
export function isWatched(): boolean {
  return process.stderr.isTTY && process.env['TERM'] !== 'dumb';
}

/** What draws the line, at most ten times a second, by `draw`. */
export function createProgress(
  styles: Styles,
  draw: (line: string) => void,
  width = (): number => process.stderr.columns - 1,
): ShowProgress {
  const meter = createMeter();
  const start = performance.now();
  let last = start;
  return (progress) => {
    const now = performance.now();
    if (now - last < PERIOD) return;
    last = now;
    const reading = meter.take(progress, now / 1000);
    if (now - start >= PATIENCE) draw(progressText(reading, width(), styles));
  };
}

/** A moment of a run, with what is known of its pace. */
export interface Reading {
  readonly progress: Progress;
  /** Units and bytes a second; undefined before anything can be said. */
  readonly rate: number | undefined;
  readonly byteRate: number | undefined;
  /** Seconds. */
  readonly remaining: number | undefined;
  /** Between 0 and 1, of what there is to do. */
  readonly done: number;
}

/** Measures the pace of the last seconds. */
export function createMeter(): { take(progress: Progress, seconds: number): Reading } {
  let doing: string | undefined;
  let samples: Sample[] = [];
  return {
    take(progress, seconds) {
      if (progress.doing !== doing) samples = [];
      ({ doing } = progress);
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
        rate: rate(progress.done, first.done),
        byteRate: rate(progress.bytes ?? 0, first.bytes),
        remaining: workRate ? (now.allWork - now.work) / workRate : undefined,
        done: now.allWork === 0 ? 0 : Math.min(1, now.work / now.allWork),
      };
    },
  };
}

interface Sample {
  readonly seconds: number;
  readonly done: number;
  readonly bytes: number;
  /** In bytes, each unit being worth some. */
  readonly work: number;
  readonly allWork: number;
}

function sampleOf(progress: Progress, seconds: number): Sample {
  const { done, total = 0, bytes = 0, totalBytes = 0 } = progress;
  const work = bytes + done * UNIT;
  return { seconds, done, bytes, work, allWork: totalBytes + total * UNIT };
}

/** The line, not longer than `width`: what matters least goes first where it is narrow. */
export function progressText(reading: Reading, width: number, styles: Styles): string {
  const forms = reading.progress.total === undefined ? openForms(reading) : countedForms(reading);
  const form = forms.find((parts) => lengthOf(parts) <= width) ?? [];
  return form.map(({ text, style }) => styles[style](text)).join(GAP);
}

interface Part {
  readonly text: string;
  readonly style: keyof Styles;
}

/** Nobody knows how much there is. */
function openForms({ progress, rate }: Reading): readonly (readonly Part[])[] {
  const head = headOf(progress);
  const count = part(`${numberText(progress.done)} ${progress.unit}`, 'cyan');
  const pace = rate ? [part(`${numberText(rate)}/s`, 'dim')] : [];
  return [[...head, count, ...pace], [...head, count], [count]];
}

function countedForms(reading: Reading): readonly (readonly Part[])[] {
  const { progress, rate, byteRate, remaining, done } = reading;
  const { total = 0, totalBytes = 0 } = progress;
  const head = headOf(progress);
  const bar = part(barText(done), 'cyan');
  const percent = part(`${String(Math.floor(done * 100)).padStart(3)}%`, 'bold');
  const count = part(
    `${numberText(progress.done)} of ${numberText(total)} ${progress.unit}`,
    'cyan',
  );
  const bytes = part(`${bytesText(progress.bytes ?? 0)} of ${bytesText(totalBytes)}`, 'cyan');
  const sizes = totalBytes > 0 ? [bytes] : [];
  const pace =
    byteRate !== undefined && byteRate >= 1
      ? [part(`${bytesText(byteRate)}/s`, 'dim')]
      : rate
        ? [part(`${numberText(rate)}/s`, 'dim')]
        : [];
  const left = remaining === undefined ? [] : [part(`${clockText(remaining)} left`, 'bold')];
  return [
    [...head, bar, percent, count, ...sizes, ...pace, ...left],
    [...head, percent, count, ...sizes, ...pace, ...left],
    [percent, count, ...sizes, ...pace, ...left],
    [percent, ...(totalBytes > 0 ? sizes : [count]), ...pace, ...left],
    [percent, ...pace, ...left],
    [percent, ...left],
    [percent],
  ];
}

function headOf({ doing }: Progress): readonly Part[] {
  return doing === '' ? [] : [part(doing, 'bold')];
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
/** What a unit costs besides its bytes, in bytes: about what a small file does. */
const UNIT = 64 << 10;
