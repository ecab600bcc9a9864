/** Records of pax extended headers, `LENGTH KEY=VALUE\n`, byte for byte. Source: POSIX.1-2017 pax. */
import { slice, type Bytes } from '../../bytes/bytes.ts';
import type { Time } from '../../files/stat.ts';

/** The records in `content`, a later one of the same key winning; undefined when malformed. */
export function parsePaxRecords(content: Bytes): ReadonlyMap<Bytes, Bytes> | undefined {
  const records = new Map<Bytes, Bytes>();
  for (let at = 0; at < content.length;) {
    const blank = content.indexOf(' ', at);
    // no record of an extended header has a length of more than 8 digits
    if (blank < 0 || blank - at > 8) return undefined;
    const digits = content.slice(at, blank);
    if (!/^[1-9][0-9]*$/.test(digits)) return undefined;
    const end = at + Number(digits);
    const equals = content.indexOf('=', blank);
    if (end > content.length || content[end - 1] !== '\n') return undefined;
    if (equals <= blank + 1 || equals >= end - 1) return undefined;
    records.set(slice(content, blank + 1, equals), slice(content, equals + 1, end - 1));
    at = end;
  }
  return records;
}

/** A whole number, not negative. */
export function paxNumber(value: Bytes): number | undefined {
  return /^[0-9]{1,15}$/.test(value) ? Number(value) : undefined;
}

/** Decimal seconds, with a fraction and a sign perhaps; what is finer than nanoseconds is cut. */
export function paxTime(value: Bytes): Time | undefined {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(value);
  if (match === null) return undefined;
  const whole = Number(match[2]);
  const nanoseconds = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  if (match[1] === '') return { seconds: whole, nanoseconds };
  return nanoseconds === 0
    ? { seconds: 0 - whole, nanoseconds: 0 }
    : { seconds: -whole - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}
