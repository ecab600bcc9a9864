/** Checks of installed packages: that the depot has them, which version is meant, what they need. */
import { b, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { stateOf } from '../../host/state.ts';
import { unlessRefused, XhError } from '../../message/error.ts';
import { dependencyText, type Dependency } from '../../package/dependencies.ts';
import { isCalled } from '../../package/newest.ts';
import { satisfies } from '../../package/range.ts';
import { readPackage } from '../../package/read.ts';
import { bestCandidate } from '../../package/candidate.ts';
import { parsePackageDirectory } from '../../package/name.ts';
import { hostHas } from '../../site/host-has.ts';
import { inSite } from '../../site/site.ts';
import { attachedPackages } from '../attach/record.ts';
import { planCurrentLink } from '../current.ts';
import { shellWord } from '../shell-word.ts';
import { namesIn, type Examination } from './examination.ts';
import { ORDER, type Finding, type HostCheck } from './finding.ts';

export const vanished: HostCheck = {
  id: 'vanished',
  what: 'packages that are installed here, and that the depot has lost',
  needsTrees: true,
  *run({ host, receipts, depot }) {
    // without any tree that is another finding
    if (host.walker.stat(b`/.software/share`, { follow: true }) === undefined) return;
    // told of with its mount
    const attached = unlessRefused(() => attachedPackages(host.walker));
    for (const { package: directory } of receipts) {
      if (depot().has(directory) || attached?.has(directory) === true) continue;
      const name = toText(directory);
      yield {
        severity: 'problem',
        path: b`/software/${directory}`,
        package: directory,
        message: `${printable(directory)} is installed here, and the depot has it no more`,
        remedy: `put it back, or: xh uninstall ${name}`,
      };
    }
  },
};

export const currentVersions: HostCheck = {
  id: 'current-versions',
  what: 'links by which a name means a version: ones that lead nowhere, or were turned unseen',
  needsTrees: true,
  *run(examination) {
    const { host, receipts, depot } = examination;
    for (const name of namesIn(host, b`/.software/share`)) {
      const path = b`/.software/share/${name}`;
      const standing = stateOf(host.walker, path);
      if (name.startsWith('.') || standing.type !== 'link' || standing.target.includes('/'))
        continue;
      if (depot().has(standing.target)) {
        const installed = receipts.find((each) => each.name === name && each.current);
        if (installed === undefined || installed.package === standing.target) continue;
        const shown = printable(name);
        yield {
          severity: 'problem',
          path,
          package: name,
          message: `${shown} means ${printable(standing.target)}, and installed as the current version is ${printable(installed.package)}`,
          cause: 'the link was turned by somebody else, as a shared tree may bring about',
          remedy: `xh install ${toText(standing.target)}   or back: xh use ${toText(installed.package)}`,
        };
        continue;
      }
      yield dangling(examination, path, name, standing.target);
    }
  },
};

/** It means the installed version again, or the newest that is there; a name of nothing goes. */
function dangling(
  { host, receipts, depot }: Examination,
  path: Bytes,
  name: Bytes,
  target: Bytes,
): Finding {
  const there = [...depot().values()].filter((each) => each.name === name);
  const installed = there.filter(({ directory }) =>
    receipts.some((each) => each.package === directory),
  );
  const best =
    bestCandidate(installed, { name }, { newest: true }) ??
    bestCandidate(there, { name }, { newest: true });
  const at = shellWord(inSite(host.site, path));
  return {
    severity: 'problem',
    path,
    package: name,
    message: `${printable(name)} means the version ${printable(target)}, which is not there`,
    remedy:
      best === undefined ? `rm ${at}` : `ln -sfn ${toText(best.directory)} ${at}; xh install --all`,
    repair: {
      when: 'safe',
      order: ORDER.names,
      plan: (planning) => {
        if (best === undefined) planning.draft.remove(path);
        else planCurrentLink(planning, name, best.directory);
      },
    },
  };
}

export const needs: HostCheck = {
  id: 'needs',
  what: 'what installed packages need and have not: other packages, things of the host',
  needsTrees: true,
  *run({ host, receipts, depot }) {
    const installed = receipts.map(({ package: directory, name, version, current }) => ({
      directory,
      name: name === directory ? name : parsePackageDirectory(directory).name,
      current,
      ...(version !== undefined && { version }),
    }));
    const meets = ({ name, range }: Dependency): boolean =>
      installed.some(
        (each) => isCalled(each, name) && (range === undefined || satisfies(each.version, range)),
      );
    for (const { package: directory } of receipts) {
      if (!depot().has(directory)) continue;
      const path = b`/software/${directory}/.admin/Dependencies`;
      const shown = printable(directory);
      let needed: readonly Dependency[];
      try {
        needed = readPackage(host.site, directory).dependencies;
      } catch (error) {
        if (!(error instanceof XhError)) throw error;
        yield {
          severity: 'problem',
          path: error.place?.file ?? path,
          package: directory,
          message: `what ${shown} says of itself cannot be read: ${error.message}`,
          remedy: `xh check ${toText(directory)}`,
        };
        continue;
      }
      for (const dependency of needed) {
        const { kind, optional } = dependency;
        if (optional || (kind === 'system' ? hostHas(dependency.name) : meets(dependency))) {
          continue;
        }
        const text = toText(dependencyText(dependency));
        const name = toText(dependency.name);
        yield kind === 'system'
          ? {
              severity: 'note',
              path,
              package: directory,
              message: `${shown} needs ${printable(dependency.name)} of the host, which does not seem to have it`,
              remedy: `install it by the host's own means (apt install ${name}, dnf install ${name})`,
            }
          : {
              severity: 'problem',
              path,
              package: directory,
              message: `${shown} needs ${text}, which is not installed`,
              cause:
                'it was taken out with --force, or the package needs it since it was installed',
              remedy: `xh install ${toText(directory)}`,
            };
      }
    }
  },
};
