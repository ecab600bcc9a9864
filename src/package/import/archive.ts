/** Entries and contents of a tar archive, as every source hands them over that has one inside. */
import { split, type Bytes } from '../../bytes/bytes.ts';
import { createByteStream } from './byte-stream.ts';
import type { Packed } from './packed.ts';
import type {
  EntryContent,
  FileEntry,
  ImportEntry,
  ImportedSoftware,
  ImportLimits,
} from './source.ts';
import { readTarMembers, type TarMember } from './tar.ts';

export type Archive = Pick<ImportedSoftware, 'entries' | 'read' | 'contents'>;

/** The archive in `packed`; `path` names it in messages. @throws XhError as `readTarMembers` */
export async function openArchive(
  packed: Packed,
  path: Bytes,
  limits: ImportLimits,
): Promise<Archive> {
  const members = await readTarMembers(packed.chunks(), path, limits);
  const entries = members.map(entryOf);
  const offsets = new Map<ImportEntry, number>();
  for (const [i, entry] of entries.entries()) offsets.set(entry, members[i]?.offset ?? 0);

  function kept(entry: FileEntry): readonly Buffer[] | undefined {
    return packed.kept(offsets.get(entry) ?? 0, entry.size);
  }

  async function* contents(): AsyncGenerator<EntryContent> {
    const files = entries.filter((entry) => entry.type === 'file');
    if (packed.kept(0, 0) !== undefined) {
      for (const entry of files) yield { entry, pieces: kept(entry) ?? [] };
      return;
    }
    const stream = createByteStream(packed.chunks());
    try {
      for (const entry of files) {
        await stream.skip((offsets.get(entry) ?? 0) - stream.position);
        yield { entry, pieces: stream.pieces(entry.size) };
      }
    } finally {
      await stream.close();
    }
  }

  return {
    entries,
    read(entry) {
      const pieces = kept(entry);
      return pieces === undefined ? undefined : Buffer.concat(pieces);
    },
    contents,
  };
}

function entryOf(member: TarMember): ImportEntry {
  const common = {
    path: memberPath(member.name),
    mode: member.mode,
    uid: member.uid,
    gid: member.gid,
    ...(member.user !== '' && { user: member.user }),
    ...(member.group !== '' && { group: member.group }),
    mtime: member.mtime,
    ...(member.attributes.length > 0 && { attributes: member.attributes }),
  };
  switch (member.type) {
    case 'file':
      return { ...common, type: 'file', size: member.size };
    case 'link':
      return { ...common, type: 'link', target: member.linkName };
    case 'hardlink':
      return { ...common, type: 'hardlink', target: memberPath(member.linkName) };
    default:
      return { ...common, type: member.type };
  }
}

/** `./usr//bin/` as `usr/bin`; a leading slash and `..` stay, to be refused by those who check. */
export function memberPath(name: Bytes): Bytes {
  const parts = split(name, '/').filter((part) => part !== '' && part !== '.');
  return `${name.startsWith('/') ? '/' : ''}${parts.join('/')}` as Bytes;
}
