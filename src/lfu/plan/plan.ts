/**
 * The whole plan: both trees walked side by side, a directory at a time, nothing touched. What is in
 * memory is the way down to the current directory and the changes found, never the trees.
 */
import { closeSync } from 'node:fs';
import { b, printable, type Bytes } from '../../bytes/bytes.ts';
import type { Attributes } from '../../files/attributes.ts';
import { attributesAt, isCarried } from '../../files/attributes.ts';
import { sameContents } from '../../files/copy.ts';
import {
  EMPTY_LISTING,
  ROW,
  STRIDE,
  setRow,
  statIn,
  typeIn,
  type Listing,
} from '../../files/listing.ts';
import { runningFiles, type RunningFiles } from '../../files/running.ts';
import type { ObjectStat } from '../../files/stat.ts';
import { ROOT_PLACE, pathBelow, type Place, type Tree } from '../../files/tree.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { isTemporary } from '../names.ts';
import { DEFAULT, type Decision } from '../rules/decision.ts';
import { followLink } from '../scan/follow.ts';
import type { Scanner } from '../scan/scanner.ts';
import type { Directory, LfuChange, LfuProblem } from './change.ts';
import { decideAll, type Decide } from './decide.ts';
import { planDirectory } from './directory.ts';
import type { RunFacts } from './facts.ts';
import { resolveHardLinks, type Step } from './hard-links.ts';
import type { Below } from './object.ts';
import { inOrder } from './order.ts';
import { problemOf } from './problem.ts';
import { orderedByName, planEmptying, planRemoval, type RemovalContext } from './removal.ts';
import { differences, wantedOf } from './wanted.ts';
