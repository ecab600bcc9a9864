/** The keys of `/etc/xhier.toml` about packages that are mounted instead of copied. */
import type { Bytes } from '../bytes/bytes.ts';
import { key } from './config-key.ts';
import { absolutePath, list, packagePatterns } from './config-values.ts';

export const ATTACH_KEYS = {
  'attach.mounts': key<readonly Bytes[]>({
    kind: list(absolutePath, 'a list of absolute paths without ..'),
    default: [],
    summary:
      "Where other hosts' sites are mounted, the one to be preferred first: xh attach takes packages from there, and xh pull those of attach.packages.",
  }),
  'attach.packages': key<readonly Bytes[]>({
    kind: packagePatterns,
    default: [],
    summary: 'Packages that xh pull has by links into attach.mounts instead of copies.',
  }),
  'attach.local': key<readonly Bytes[]>({
    kind: packagePatterns,
    default: [],
    summary: "Packages that this host is to have copies of; stronger than 'attach.packages'.",
  }),
} as const;
