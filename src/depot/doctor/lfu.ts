/** Checks of what lfu keeps and reads on this host: its configuration, indexes and ledgers. */
import { existsSync, lstatSync, statSync } from 'node:fs';
import { b, printable, slice, toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { errnoOf } from '../../files/error.ts';
import { decodeLedger } from '../../lfu/ledger/format.ts';
import { openIndex } from '../../lfu/index/read.ts';
import { loadUpdateConfig, updateConfigPath, type UpdateConfig } from '../../lfu/update/config.ts';
import { storeAddress } from '../../lfu/store/address.ts';
import { DiagnosticError } from '../../message/diagnostic.ts';
import { XhError } from '../../message/error.ts';
import { inSite } from '../../site/site.ts';
import { shellWord } from '../shell-word.ts';
import { contentOf, namesIn, type Examination } from './examination.ts';
import type { HostCheck } from './finding.ts';

export const lfuConfiguration: HostCheck = {
  id: 'lfu-configuration',
  what: 'mistakes in /etc/lfu.toml, and masters, slaves and indexes in it that are not there',
  *run(examination) {
    const read = configurationOf(examination);
    if (read === undefined) return;
    if (read instanceof XhError) {
      const list = read instanceof DiagnosticError ? read.diagnostics : [];
      for (const { file, line, message, hint } of list) {
        const place = `${printable(inside(examination, file))}:${line}`;
        const remedy = `${hint ?? 'correct the line'}: editor +${line} ${shellWord(file)}`;
        yield {
          severity: 'problem',
          path: inside(examination, file),
          line,
          message: `${place}: ${message}`,
          remedy,
        };
      }
      if (list.length === 0) {
        const remedy = read.remedy ?? 'correct it';
        yield { severity: 'problem', path: b`/etc/lfu.toml`, message: read.message, remedy };
      }
      return;
    }
    for (const { name, path, slave, index } of read.masters) {
      const shown = printable(name);
      // whether a store answers is for the turn to find out
      if (storeAddress(path) === undefined && !existsSync(toBuffer(path))) {
        yield {
          severity: 'problem',
          path: b`/etc/lfu.toml`,
          message: `the master ${shown} is to be at ${printable(path)}, where nothing is`,
          remedy: `mount it, or correct its path in /etc/lfu.toml`,
        };
      }
      if (!existsSync(toBuffer(slice(slave, 0, Math.max(1, slave.lastIndexOf('/')))))) {
        yield {
          severity: 'problem',
          path: b`/etc/lfu.toml`,
          message: `the slave of ${shown} is to be ${printable(slave)}, and there is no directory for it`,
          remedy: `mkdir -p ${shellWord(slave)}`,
        };
      }
      const why = index === undefined ? undefined : indexProblem(index);
      if (index === undefined || why === undefined) continue;
      yield {
        severity: 'problem',
        path: b`/etc/lfu.toml`,
        message: `the index of the master ${shown} cannot be used: ${why}`,
        remedy: `make it anew: lfu scan ${shellWord(path)} -o ${shellWord(index)}`,
      };
    }
  },
};

function configurationOf({ host: { site } }: Examination): UpdateConfig | XhError | undefined {
  const file = updateConfigPath(site);
  const isFile = isFileAt(file);
  if (isFile === undefined) return undefined;
  if (!isFile) {
    return new XhError('E_CONFIG_READ', '/etc/lfu.toml is no file', {
      remedy: 'make it one, or remove it',
    });
  }
  try {
    return loadUpdateConfig(file);
  } catch (error) {
    if (error instanceof XhError) return error;
    throw error;
  }
}

/** Undefined when there is nothing; a link that leads nowhere is no file. */
function isFileAt(path: Bytes): boolean | undefined {
  try {
    const own = lstatSync(toBuffer(path));
    return own.isSymbolicLink() ? statSync(toBuffer(path)).isFile() : own.isFile();
  } catch (error) {
    return errnoOf(error) === 'ELOOP' ? false : undefined;
  }
}

function indexProblem(index: Bytes): string | undefined {
  try {
    openIndex(index);
    return undefined;
  } catch (error) {
    if (error instanceof XhError) return error.message;
    throw error;
  }
}

function inside({ host: { site } }: Examination, file: Bytes): Bytes {
  return site.root !== '/' && file.startsWith(`${site.root}/`)
    ? slice(file, site.root.length)
    : file;
}

const LEDGERS = b`/.software/local/.admin/lfu`;

export const lfuLedgers: HostCheck = {
  id: 'lfu-ledgers',
  what: 'ledgers of lfu that are damaged: it does not know which master supplied what',
  *run({ host }) {
    for (const name of namesIn(host, LEDGERS)) {
      const path = b`${LEDGERS}/${name}/ledger`;
      const content = contentOf(host, path);
      if (content === undefined) continue;
      const decoded = decodeLedger(toBuffer(content));
      if (!('unreadable' in decoded)) continue;
      const at = shellWord(inSite(host.site, path));
      yield {
        severity: 'problem',
        path,
        message: `${printable(path)} is ${decoded.unreadable === 'damaged' ? 'damaged' : 'of a newer version'}: lfu does not know which master supplied what`,
        remedy: `put it back from a backup, or begin it anew: mv ${at} ${at}.damaged; lfu update`,
      };
    }
  },
};
