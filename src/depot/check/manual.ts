/** Checks of manual pages: that they are ones, and that people find them. */
import { gunzipSync } from 'node:zlib';
import { fromBuffer, printable, type Bytes } from '../../bytes/bytes.ts';
import { basename, dirname } from '../../bytes/path.ts';
import { pageDescription, pageName, pageTitles } from '../../package/man-page.ts';
import type { Found, PackageCheck } from './package-check.ts';
import type { SubjectFile } from './subject.ts';

/** Bytes of a page when it is unpacked. */
const LONGEST_PAGE = 16 * 1024 * 1024;

export const manualPages: PackageCheck = {
  id: 'manual-pages',
  what: 'pages that are none, that no apropos finds, or that stand in the wrong section',
  *ofFile(file, { byPath }) {
    const [, section] = /^(?:share\/)?man\/(?:[^/]+\/)?man([^/]+)\/[^/]+$/.exec(file.path) ?? [];
    if (section === undefined || file.kind !== 'file') return;
    const say = (severity: Found['severity'], message: string, remedy: string): Found => ({
      severity,
      path: file.path,
      message,
      remedy,
    });
    const named = pageName(basename(file.path));
    if (named === undefined || !named.section.startsWith(section)) {
      const remedy = `call it NAME.${section}, or move it to another section`;
      yield say(
        'error',
        `its name is no page's of section ${section}: man does not find it`,
        remedy,
      );
      return;
    }
    const page = unpacked(file);
    if (page === undefined) {
      yield say('error', 'it cannot be unpacked', 'compress it again with gzip -9n');
      return;
    }
    // compressed by what nobody here unpacks
    if (page === 'unknown') return;
    const [, other] = /^\.so[ \t]+(\S+)/.exec(page) ?? [];
    if (other !== undefined) {
      const top = dirname(dirname(file.path));
      const target = `${top}/${other}` as Bytes;
      if ([target, `${target}.gz`].some((path) => byPath.has(path as Bytes))) return;
      const remedy = 'put that page into the package, or a link in the place of this one';
      yield say('error', `it stands for ${printable(other as Bytes)}, which is not there`, remedy);
      return;
    }
    if (!/^[.'][ \t]*(?:TH|Dd)\b/m.test(page)) {
      yield say(
        'error',
        'it has neither .TH nor .Dd: it is no manual page',
        'write one (man-pages(7))',
      );
      return;
    }
    if (pageDescription(page) === undefined) {
      yield say(
        'warning',
        'it has no NAME section that says what it is about: apropos and xh search do not find it',
        `.SH NAME   and below it: ${printable(named.name)} \\- what it does`,
      );
    } else if (!pageTitles(page).some((title) => sameName(title, named.name))) {
      yield say(
        'warning',
        `its NAME section does not name ${printable(named.name)}`,
        `let it begin with ${printable(named.name)}, or link the page to the names that it has`,
      );
    }
    const title = /^[.'][ \t]*TH[ \t]+(?:"[^"]*"|\S+)[ \t]+"?([^\s"]+)/m.exec(page)?.[1];
    if (title !== undefined && !title.toLowerCase().startsWith(section.slice(0, 1).toLowerCase())) {
      const remedy = `correct .TH, or move it to man${printable(title as Bytes)}`;
      yield say('warning', `it says that it is of section ${printable(title as Bytes)}`, remedy);
    }
  },
};

/** Case, the dashes of a formatter, and a version behind the name do not count. */
function sameName(title: Bytes, name: Bytes): boolean {
  const plain = (text: Bytes): string =>
    text
      .toLowerCase()
      .replace(/[-.]?\d[\d.]*$/, '')
      .replace(/[\s_-]/g, '');
  return plain(title) === plain(name);
}

function unpacked({ path, content }: SubjectFile): Bytes | 'unknown' | undefined {
  if (/\.(?:Z|bz2|xz|zst|lz)$/.test(path)) return 'unknown';
  if (!path.endsWith('.gz')) return fromBuffer(content());
  try {
    return fromBuffer(gunzipSync(content(), { maxOutputLength: LONGEST_PAGE }));
  } catch {
    return undefined;
  }
}
