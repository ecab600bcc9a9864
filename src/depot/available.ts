/** The packages of the depot with what each needs, read when it is asked for: an install follows a few of hundreds. */
import type { Dependent } from '../package/depend.ts';
import type { Dependency } from '../package/dependencies.ts';
import { listPackages, readPackage } from '../package/read.ts';
import type { Site } from '../site/site.ts';

export function availablePackages(site: Site): readonly Dependent[] {
  return listPackages(site).map((entry) => {
    let dependencies: readonly Dependency[] | undefined;
    return {
      ...entry,
      get dependencies(): readonly Dependency[] {
        dependencies ??= readPackage(site, entry.directory).dependencies;
        return dependencies;
      },
    };
  });
}
