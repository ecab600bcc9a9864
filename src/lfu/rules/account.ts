/** Users and groups as scripts name them. */
import type { Bytes } from '../../bytes/bytes.ts';
import { nearest } from '../../message/nearest.ts';
import { problem, quoted, type Problem } from './finding.ts';
import type { RuleSources } from './object.ts';

/** The number of a user or a group given by name or number. As with chown(1), a name comes first. */
export function lookUp(
  kind: 'user' | 'group',
  name: Bytes,
  sources: RuleSources,
): number | Problem {
  const found = kind === 'user' ? sources.user(name) : sources.group(name);
  if (found !== undefined) return found;
  if (/^[0-9]{1,10}$/.test(name) && Number(name) < 0xffff_ffff) return Number(name);
  const [user = '', group = ''] = kind === 'user' ? name.split(/[:.]/) : [];
  if (group !== '') {
    const hint = `write 'chown ${user}; chgrp ${group};'`;
    return problem('E_RULE_ACCOUNT', `no user ${quoted(name)} on this host`, hint);
  }
  const known = kind === 'user' ? sources.users?.() : sources.groups?.();
  const near = nearest(name, known ?? []);
  return problem(
    'E_RULE_ACCOUNT',
    `no ${kind} ${quoted(name)} on this host`,
    near === undefined
      ? `make the ${kind}, or write its number`
      : `did you mean ${quoted(near as Bytes)}?`,
  );
}
