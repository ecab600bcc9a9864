/**
 * One document out of many READMEs, as HTML, Markdown or plain text. Nothing of a package is markup
 * here: a README is quoted, letter by letter, and the page forbids itself scripts as well. Pure.
 */
import type { ReadmeEntry } from './readme.ts';

export const README_FORMATS = ['html', 'markdown', 'text'] as const;
export type ReadmeFormat = (typeof README_FORMATS)[number];

/** The whole document; `title` says whose packages they are. */
export function readmeDocument(
  entries: readonly ReadmeEntry[],
  format: ReadmeFormat,
  title: string,
): string {
  switch (format) {
    case 'html':
      return htmlDocument(entries, title);
    case 'markdown':
      return markdownDocument(entries, title);
    case 'text':
      return textDocument(entries, title);
  }
}

/** `tree 2.1.0` */
function heading({ directory, version }: ReadmeEntry): string {
  return version === undefined || directory.endsWith(`-${version}`)
    ? directory
    : `${directory} ${version}`;
}

/** What is known of a package, as pairs. */
function facts(entry: ReadmeEntry): (readonly [label: string, value: string])[] {
  const { maintainers, homepage, licence, problem } = entry;
  return [
    ...(homepage === undefined ? [] : [['Homepage', homepage] as const]),
    ...(licence === undefined ? [] : [['Licence', licence] as const]),
    ...(maintainers.length === 0 ? [] : [['Maintainer', maintainers.join(', ')] as const]),
    ...(problem === undefined ? [] : [['Cannot be read', problem] as const]),
  ];
}

function textDocument(entries: readonly ReadmeEntry[], title: string): string {
  const width = Math.min(32, Math.max(0, ...entries.map((entry) => heading(entry).length)));
  const contents = entries.map((entry) =>
    `  ${heading(entry).padEnd(width)}  ${entry.summary ?? ''}`.trimEnd(),
  );
  const sections = entries.map((entry) => {
    const name = heading(entry);
    return [
      '='.repeat(78),
      name,
      ...(entry.summary === undefined ? [] : [entry.summary]),
      ...facts(entry).map(([label, value]) => `${label}: ${value}`),
      '='.repeat(78),
      '',
      ...(entry.readmes.length === 0 ? ['It has no README.'] : []),
      ...entry.readmes.map(({ path, text }) => `--- ${path}\n\n${text}\n`),
      '',
    ].join('\n');
  });
  return [title, '', ...contents, '', ...sections].join('\n');
}

function markdownDocument(entries: readonly ReadmeEntry[], title: string): string {
  const contents = entries.map((entry) => {
    const summary = entry.summary === undefined ? '' : ` — ${escapeMarkdown(entry.summary)}`;
    return `- [${escapeMarkdown(heading(entry))}](#${anchor(entry)})${summary}`;
  });
  const sections = entries.map((entry) =>
    [
      `<a id="${anchor(entry)}"></a>`,
      '',
      `## ${escapeMarkdown(heading(entry))}`,
      '',
      ...(entry.summary === undefined ? [] : [escapeMarkdown(entry.summary), '']),
      ...facts(entry).map(([label, value]) => `- ${label}: ${escapeMarkdown(value)}`),
      '',
      ...(entry.readmes.length === 0 ? ['It has no README.', ''] : []),
      ...entry.readmes.flatMap(({ path, text }) => {
        const fence = '`'.repeat(longestRun(text, '`') + 3);
        return [`### ${escapeMarkdown(path)}`, '', `${fence}text`, text, fence, ''];
      }),
    ].join('\n'),
  );
  return [`# ${escapeMarkdown(title)}`, '', ...contents, '', ...sections].join('\n');
}

/** Text that no Markdown program takes for anything else, HTML in it included. */
function escapeMarkdown(text: string): string {
  return text.replace(/[!#$&()*+.<>[\\\]_`{|}~-]/g, (sign) =>
    sign === '<' || sign === '>' || sign === '&' ? escapeHtml(sign) : `\\${sign}`,
  );
}

function longestRun(text: string, sign: string): number {
  let longest = 0;
  let run = 0;
  for (const unit of text) {
    run = unit === sign ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

/** A name for a place in the document that is harmless wherever it is written. */
function anchor({ directory }: ReadmeEntry): string {
  return `pkg-${directory.replace(/[^A-Za-z0-9_-]/gu, (sign) => `.${(sign.codePointAt(0) ?? 0).toString(16)}.`)}`;
}

function htmlDocument(entries: readonly ReadmeEntry[], title: string): string {
  const contents = entries.map(
    (entry) =>
      `<li><a href="#${anchor(entry)}"><b>${escapeHtml(heading(entry))}</b><span>${escapeHtml(entry.summary ?? '')}</span></a></li>`,
  );
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<nav aria-label="Packages">
<h1>${escapeHtml(title)}</h1>
<p>${entries.length} package${entries.length === 1 ? '' : 's'}</p>
<ol>
${contents.join('\n')}
</ol>
</nav>
<main>
${entries.map(htmlSection).join('\n')}
</main>
</body>
</html>
`;
}

function htmlSection(entry: ReadmeEntry): string {
  const rows = facts(entry).map(
    ([label, value]) =>
      `<dt>${label}</dt><dd>${label === 'Homepage' ? link(value) : escapeHtml(value)}</dd>`,
  );
  const readmes = entry.readmes.map(
    ({ path, text }) => `<h3>${escapeHtml(path)}</h3>\n<pre>${withLinks(text)}</pre>`,
  );
  return `<section id="${anchor(entry)}">
<h2>${escapeHtml(heading(entry))}</h2>
${entry.summary === undefined ? '' : `<p class="summary">${escapeHtml(entry.summary)}</p>`}
<dl>${rows.join('')}</dl>
${readmes.length === 0 ? '<p class="none">It has no README.</p>' : readmes.join('\n')}
</section>`;
}

/** Addresses of pages, of this form only, can be followed; everything else is letters. */
const ADDRESS = /https?:\/\/[A-Za-z0-9][^\s<>"'`(){}[\]\\^|]*[A-Za-z0-9/=#_-]/g;

function withLinks(text: string): string {
  let html = '';
  let done = 0;
  for (const match of text.matchAll(ADDRESS)) {
    html += escapeHtml(text.slice(done, match.index)) + link(match[0]);
    done = match.index + match[0].length;
  }
  return html + escapeHtml(text.slice(done));
}

function link(address: string): string {
  const escaped = escapeHtml(address);
  return /^https?:\/\/[^\s"<>]+$/.test(address)
    ? `<a href="${escaped}" rel="noopener noreferrer">${escaped}</a>`
    : escaped;
}

function escapeHtml(text: string): string {
  return text.replace(/["&'<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

const STYLE = `
:root { color-scheme: light dark; --text: #1f2328; --dim: #59636e; --line: #d1d9e0; --back: #fff; --soft: #f6f8fa; --link: #0757ae; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --dim: #9198a1; --line: #3d444d; --back: #0d1117; --soft: #151b23; --link: #6cb0ff; } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1rem; }
body { margin: 0; font: 16px/1.55 system-ui, sans-serif; color: var(--text); background: var(--back); display: grid; grid-template-columns: minmax(15rem, 22rem) minmax(0, 1fr); }
a { color: var(--link); }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1.5rem 1rem; background: var(--soft); border-right: 1px solid var(--line); }
nav h1 { font-size: 1.15rem; line-height: 1.3; margin: 0 .5rem; }
nav p { margin: .25rem .5rem 1rem; color: var(--dim); font-size: .875rem; }
nav ol { list-style: none; margin: 0; padding: 0; }
nav a { display: block; padding: .3rem .5rem; border-radius: .4rem; text-decoration: none; color: inherit; }
nav a:hover, nav a:focus-visible { background: var(--line); }
nav span { display: block; color: var(--dim); font-size: .8rem; line-height: 1.35; }
main { padding: 1.5rem clamp(1rem, 4vw, 3.5rem) 6rem; max-width: 62rem; }
section { padding: 1rem 0 2.5rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
section:target h2 { text-decoration: underline; text-decoration-color: var(--link); text-underline-offset: .3em; }
h2 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; }
h3 { font: 600 .8rem/1.5 ui-monospace, monospace; color: var(--dim); margin: 1.25rem 0 .4rem; }
.summary { margin: 0 0 .75rem; font-size: 1.05rem; }
.none { color: var(--dim); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0; font-size: .9rem; }
dt { color: var(--dim); }
dd { margin: 0; }
pre { font: .85rem/1.5 ui-monospace, monospace; background: var(--soft); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; margin: 0; white-space: pre-wrap; overflow-x: auto; tab-size: 8; }
@media (max-width: 50rem) { body { display: block; } nav { position: static; height: auto; max-height: 60vh; border-right: 0; border-bottom: 1px solid var(--line); } }
@media print { nav { position: static; height: auto; border: 0; } body { display: block; } section { break-inside: auto; } h2, h3 { break-after: avoid; } pre { border: 0; padding: 0; } }
`;
