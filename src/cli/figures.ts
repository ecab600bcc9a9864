/** Figures as people read them at a glance: grouped digits, bytes, times. */

/** `1234567` as `1,234,567`. */
export function numberText(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** Two figures and a unit (powers of 1024): `512 bytes`, `1.2 GiB`, `85 MiB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} ${Math.round(bytes) === 1 ? 'byte' : 'bytes'}`;
  let value = bytes;
  let unit = -1;
  // what would be shown as 1000 and more is less than one of the next
  while (unit < UNITS.length - 1 && (unit < 0 || value >= 999.5)) {
    value /= 1024;
    unit++;
  }
  return `${value < 9.95 ? value.toFixed(1) : numberText(value)} ${UNITS[unit] ?? ''}`;
}

/** A time to wait: `0:07`, `12:30`, `3:05:00`. */
export function clockText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [
    Math.floor(whole / 3600),
    Math.floor(whole / 60) % 60,
    whole % 60,
  ];
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** What something took: `0.03 s`, `3.4 s`, `59 s`, `12:30 min`, `3:05:00 h`. */
export function durationText(seconds: number): string {
  if (seconds < 0.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 99.5) return `${Math.round(seconds)} s`;
  return `${clockText(seconds)} ${seconds < 3599.5 ? 'min' : 'h'}`;
}

/** `1 change`, `2 changes`. */
export function countText(count: number, noun: string): string {
  return `${numberText(count)} ${count === 1 ? noun : `${noun}s`}`;
}

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
