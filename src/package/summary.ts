/** A package's one line about itself, for lists: read alone, whatever else is wrong with the package. */
import { b, split, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import { packagePath, type Site } from '../site/site.ts';
import { readAdminFile } from './admin-content.ts';
import { versionProblem } from './name.ts';
import { readOptions } from './options.ts';

export interface Summary {
  readonly summary: Bytes | undefined;
  readonly version: Bytes | undefined;
}

/** What the package's `Options` say of these two. @throws XhError E_ADMIN_READ */
export function readSummary(site: Site, directory: Bytes): Summary {
  const file = join(packagePath(site, directory), b`.admin/Options`);
  const content = readAdminFile(file);
  return content === undefined ? NOTHING : summaryIn(file, content);
}

/** As {@link readSummary}, of a text; most are plain, and a list has hundreds of them. */
export function summaryIn(file: Bytes, content: Bytes): Summary {
  const plain = PLAIN.test(content) ? plainSummary(content) : undefined;
  if (plain !== undefined) return plain;
  const { summary, version } = readOptions(file, content).value.values;
  return { summary, version };
}

const NOTHING: Summary = { summary: undefined, version: undefined };

/** No comment, nothing escaped, no line joined to the next: each line is what it says. */
const PLAIN = /^[ !"$-[\]-~\n]*$/;

/** The two as they mostly stand, `key = value`; undefined for whatever else there may be. */
function plainSummary(content: Bytes): Summary | undefined {
  let summary: Bytes | undefined;
  let version: Bytes | undefined;
  for (const line of split(content, '\n')) {
    const key = /^ *(version|summary)(?![a-z-])/.exec(line)?.[1];
    if (key === undefined) continue;
    const given = key === 'version' ? version : summary;
    const value = /^(?:version|summary) = (\S(?:.*\S)?)$/.exec(line)?.[1] as Bytes | undefined;
    if (given !== undefined || value === undefined) return undefined;
    if (key === 'summary') summary = value;
    else if (versionProblem(value) === undefined) version = value;
    else return undefined;
  }
  return { summary, version };
}
