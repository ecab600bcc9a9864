/** The whole manual: what the build writes to dist/man. */
import { programs } from '../cli/programs.ts';
import { programPages } from './command-page.ts';
import { configurationPage, updatePage } from './configuration-pages.ts';
import { packagePage } from './package-page.ts';
import { pagePath, pageSource, type Page } from './page.ts';
import { rulesPage } from './rules-page.ts';

/** A file by its path below the directory of its kind. */
export interface MadeFile {
  readonly path: string;
  readonly content: string;
}

/** @param about the release, and the day of its sources as `2026-11-22` */
export async function generate(about: {
  readonly version: string;
  readonly date: string;
}): Promise<readonly MadeFile[]> {
  const pages = await allPages();
  return pages.map((page) => ({ path: pagePath(page), content: pageSource(page, about) }));
}

export async function allPages(): Promise<readonly Page[]> {
  return [
    ...(await programPages(await programs())),
    configurationPage(),
    updatePage(),
    rulesPage(),
    await packagePage(),
  ];
}
