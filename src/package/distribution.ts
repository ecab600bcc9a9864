/** Which hosts a package is meant for, by all that it says of that: the option `distribute`, `.admin/Targets`. */
import type { PackageMetadata } from './read.ts';
import type { Target } from './targets.ts';

export type MeantFor =
  | { readonly to: 'all' }
  /** It is never distributed. */
  | { readonly to: 'none' }
  | { readonly to: 'targets'; readonly targets: readonly Target[] };

/** `distribute` decides where it is given; where it is not, `.admin/Targets` does, if there is one. */
export function meantFor({
  options,
  targets,
}: Pick<PackageMetadata, 'options' | 'targets'>): MeantFor {
  const { distribute } = options.values;
  switch (distribute.to) {
    case 'none':
    case 'targets':
      return distribute;
    case 'targets-file':
      return targets === undefined ? { to: 'none' } : { to: 'targets', targets };
    case 'all':
      return targets === undefined || options.lines.has('distribute')
        ? distribute
        : { to: 'targets', targets };
  }
}
