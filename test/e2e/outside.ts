/** A site with a directory beside it that nothing may change, and a check of what is printed. */
import { deepStrictEqual } from 'node:assert/strict';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { command, copySystemFiles, writeFiles } from '../depot/packages.ts';
import { temporaryDirectory } from '../site.ts';
import { snapshot, type Ran } from './xh.ts';

export interface Place {
  /** Holds the other two. */
  readonly top: string;
  readonly root: string;
  readonly outside: string;
}

/** A new place for each test; what is outside the site must be as it was after each. */
export function siteWithOutside(): Place {
  const place = { top: '', root: '', outside: '' };
  let before: ReadonlyMap<string, string>;
  beforeEach(() => {
    place.top = temporaryDirectory();
    chmodSync(place.top, 0o755);
    place.root = join(place.top, 'site');
    place.outside = join(place.top, 'outside');
    mkdirSync(place.root);
    writeFiles(place.outside, {
      secret: 'root:hidden\n',
      'etc/services': 'outside 1/tcp\n',
      'etc/profile.d/x.sh': 'x\n',
      'bin/tool': command('outside'),
      'depot/tool/.admin/Maintainer': 'a@example.org\n',
    });
    copySystemFiles(place.root, 'services', 'passwd');
    before = snapshot(place.outside);
  });
  afterEach(() => {
    deepStrictEqual(snapshot(place.outside), before);
  });
  return place;
}

/** Nothing that drives a terminal is printed. */
export function expectTame(ran: Ran): Ran {
  expect(`${ran.stdout}${ran.stderr}`).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202e]/);
  return ran;
}
