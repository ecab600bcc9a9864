/** The architecture masters of a site, and how each is reached: by ssh, as the inventory says. */
import { printable, split, toText, type Bytes } from '../../bytes/bytes.ts';
import { hostNamed, inventoryOf, type KnownHost } from '../../distribute/hosts/inventory.ts';
import type { SshHost, SshOptions } from '../../distribute/ssh/connection.ts';
import { EXIT, XhError } from '../../message/error.ts';
import type { Config } from '../../site/config.ts';
import type { Site } from '../../site/site.ts';

export interface Master {
  readonly name: Bytes;
  readonly architecture?: Bytes;
  /** Without what is to be run there. */
  readonly ssh: Omit<SshHost, 'command'>;
  /** The words by which xh is called there. */
  readonly xh: string;
}

export interface Masters {
  readonly masters: readonly Master[];
  readonly options: SshOptions;
}

/**
 * Those that the inventory marks as masters and those of `sdist.masters`, or of them only the ones named.
 * @throws XhError E_NO_MASTERS, E_NO_MASTER (exit 2)
 */
export function mastersOf(site: Site, config: Config, only: readonly Bytes[] = []): Masters {
  const { values } = config;
  const inventory = inventoryOf(site, config);
  const named = values['sdist.masters'].map(
    (name) => hostNamed(inventory, name) ?? { name, domains: [] },
  );
  const marked = inventory.filter(({ master }) => master === true);
  const all = new Map([...marked, ...named].map((host) => [host.name, host]));
  if (all.size === 0) {
    throw new XhError('E_NO_MASTERS', 'no architecture masters are known here', {
      exit: EXIT.usage,
      remedy:
        'name them in /etc/xhier.toml: [hosts."arm1.example.org"] with master = true, or [sdist] masters = [\'arm1.example.org\']',
    });
  }
  const chosen = only.length === 0 ? [...all.values()] : only.map((word) => masterNamed(all, word));
  return {
    masters: chosen.map((host) => masterAt(host, values['ssh.options'])),
    options: {
      program: split(values['ssh.program'], ' ')
        .filter((word) => word !== '')
        .map(toText),
      connectTimeout: values['distribute.connect-timeout'],
    },
  };
}

function masterNamed(all: ReadonlyMap<Bytes, KnownHost>, word: Bytes): KnownHost {
  const found = all.get(word) ?? hostNamed([...all.values()], word);
  if (found !== undefined) return found;
  const byArchitecture = [...all.values()].find(({ arch }) => arch === word);
  if (byArchitecture !== undefined) return byArchitecture;
  throw new XhError('E_NO_MASTER', `'${printable(word)}' is no architecture master of this site`, {
    exit: EXIT.usage,
    remedy: `the masters are ${[...all.keys()].map(printable).join(', ')}`,
  });
}

function masterAt(host: KnownHost, common: readonly Bytes[]): Master {
  const [, account, address = host.name] = /^([^@]*)@(.*)$/s.exec(host.name) ?? [];
  const user = host.user ?? account;
  return {
    name: host.name,
    ...(host.arch !== undefined && { architecture: host.arch }),
    ssh: {
      address: toText((host.address ?? address) as Bytes),
      ...(user !== undefined && { user: toText(user as Bytes) }),
      ...(host.port !== undefined && { port: host.port }),
      options: [...(host.options ?? []), ...common].map(toText),
    },
    // what is run there to receive packages is the same program
    xh: host.receive === undefined ? 'xh' : toText(host.receive).replace(/ receive\b.*$/, ''),
  };
}
