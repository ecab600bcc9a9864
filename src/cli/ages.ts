/** How long ago something was, as people say it. */

/** `just now`, `5 min`, `3 h`, `2 days`: milliseconds in words. */
export function ageText(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 1) return 'a moment';
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  if (hours < 48) return `${hours} h`;
  return `${Math.round(hours / 24)} days`;
}

/** `2 days ago`; `just now`. */
export function agoText(time: number, now: number): string {
  const age = now - time;
  return age < 60_000 ? 'just now' : `${ageText(age)} ago`;
}

/** `2026-12-01`, or with the time of the day where it is not midnight: in UTC. */
export function dayText(time: number): string {
  const text = new Date(time).toISOString();
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : `${text.slice(0, 16)}Z`;
}
