/**
 * Administrative domains: which groups a host belongs to, from the special at the front to the general
 * at the end, as in `disked.sun4.sunos.cc.adm`. They have nothing to do with those of the network but
 * the way in which they are written. After fdist (Satdeva and Moriarty, LISA V, 1991).
 */
import { split, type Bytes } from '../bytes/bytes.ts';
import { compileGlob } from './glob.ts';

/** Stands for any name at its level. */
export const COMMON = 'common';

/** What is wrong with the name of a domain, or undefined. */
export function domainProblem(domain: Bytes): string | undefined {
  if (domain === '') return 'it is empty';
  if (domain.length > LONGEST) return `it is longer than ${LONGEST} characters`;
  const bad = split(domain, '.').find((level) => !/^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$/.test(level));
  if (bad === undefined) return undefined;
  return bad === '' ? 'one of its levels is empty' : 'letters, digits, - and _ with dots between';
}

/**
 * Whether a host of the domain `own` is in `domain`: that is the same, or above it. Each level of
 * `domain` is a name, a glob, or `common`; one of `own` that is `common` is of every name. Names have no
 * case.
 */
export function isInDomain(own: Bytes, domain: Bytes): boolean {
  const levels = split(own, '.').toReversed();
  const wanted = split(domain, '.').toReversed();
  return (
    wanted.length <= levels.length &&
    wanted.every((level, i) => {
      const there = levels[i];
      return there !== undefined && (isCommon(level) || isCommon(there) || isLike(there, level));
    })
  );
}

/** The domain and all above it, the special first: `cc.adm` and `adm` for `cc.adm`. */
export function domainsAbove(domain: Bytes): Bytes[] {
  const levels = split(domain, '.');
  return levels.map((_, i) => levels.slice(i).join('.') as Bytes);
}

function isCommon(level: Bytes): boolean {
  return level.toLowerCase() === COMMON;
}

function isLike(name: Bytes, level: Bytes): boolean {
  if (level === '') return false;
  return compileGlob(level, { ignoreCase: true }).matches(name);
}

const LONGEST = 253;
