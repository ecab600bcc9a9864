/**
 * Which place each part of a software gets: those of the table, unless two parts would get one
 * place; then the second keeps the path that it had.
 */
import { compareBytes, printable, type Bytes } from '../../bytes/bytes.ts';
import { dirname } from '../../bytes/path.ts';
import type { ImportFinding } from './findings.ts';
import type { Places } from './places.ts';
import type { DirectoryEntry, ImportEntry } from './source.ts';
import { followLink, isDirectory, type SoftwareTree, type TreeNode } from './tree.ts';

/** An entry that is put somewhere. */
export interface Placed {
  readonly entry: ImportEntry;
  readonly node: TreeNode;
  readonly place: Bytes;
}

export interface Placement {
  /** All but directories, by path in the software. */
  readonly placed: readonly Placed[];
  /** Directories to be made, with the entry that says how, as far as there is one. */
  readonly directories: ReadonlyMap<Bytes, DirectoryEntry | undefined>;
  /** Where a part of the software is now; undefined for what has no place. */
  placeOf(node: TreeNode): Bytes | undefined;
  readonly findings: readonly ImportFinding[];
}

export function placeAll(tree: SoftwareTree, places: Places): Placement {
  const nodes = allNodes(tree);
  const directories = new Map<Bytes, DirectoryEntry | undefined>();
  /** Places of all directories and of those above them, whether they are made or not. */
  const taken = new Set<Bytes>();
  const findings: ImportFinding[] = [];
  for (const node of nodes.filter(isDirectory)) {
    const place = places.placeOf(node.path);
    for (const above of andAbove(place)) taken.add(above);
    if (place === '') continue;
    if (node.entry?.type === 'directory' && !directories.get(place)) {
      directories.set(place, node.entry);
    }
  }
  const needed = new Set<Bytes>();
  const at = new Map<Bytes, TreeNode>();
  const placeOfNode = new Map<TreeNode, Bytes>();
  const placed: Placed[] = [];

  /** The place for a node that is no directory, or undefined when there is none for it. */
  function choose(node: TreeNode): Bytes | undefined {
    const wanted = places.placeOf(node.path);
    const free = (place: Bytes): boolean => !taken.has(place) && !at.has(place);
    if (free(wanted)) return wanted;
    if (leadsTo(node, wanted)) {
      placeOfNode.set(node, wanted);
      findings.push({
        severity: 'note',
        code: 'IMPORT_LINK_NEEDLESS',
        path: node.path,
        place: wanted,
        message: 'this link and what it leads to are one in the package',
      });
      return undefined;
    }
    const other = at.get(wanted)?.path;
    const rival = other === undefined ? 'a directory' : printable(other);
    if (free(node.path)) {
      findings.push({
        severity: 'warning',
        code: 'IMPORT_PLACE_TAKEN',
        path: node.path,
        place: node.path,
        message: `stays where it was, since ${rival} has its place, ${printable(wanted)}`,
      });
      return node.path;
    }
    findings.push({
      severity: 'refused',
      code: 'E_IMPORT_COLLISION',
      path: node.path,
      message: `has the same place in the package, ${printable(wanted)}, as ${rival}`,
    });
    return undefined;
  }

  /** Whether a node is a link to what is, or will be, at `place`. */
  function leadsTo(node: TreeNode, place: Bytes): boolean {
    if (node.entry?.type !== 'link') return false;
    const lead = followLink(tree, dirname(node.path), node.entry.target);
    return lead.to === 'inside' && lead.node !== node && placeOf(lead.node) === place;
  }

  function placeOf(node: TreeNode): Bytes | undefined {
    return isDirectory(node) ? places.placeOf(node.path) : placeOfNode.get(node);
  }

  for (const node of nodes.filter((each) => !isDirectory(each)).toSorted(filesFirst)) {
    const { entry } = node;
    if (entry === undefined) continue;
    if (entry.type === 'fifo' || entry.type === 'socket') {
      findings.push({
        severity: 'warning',
        code: 'IMPORT_PIPE',
        path: node.path,
        message: `a ${entry.type} is left out: the program that needs it makes it`,
      });
      continue;
    }
    const place = choose(node);
    if (place === undefined) continue;
    at.set(place, node);
    placeOfNode.set(node, place);
    placed.push({ entry, node, place });
    for (const above of andAbove(dirname(place))) needed.add(above);
  }
  for (const node of nodes) {
    if (!isDirectory(node) || node.children.size > 0) continue;
    for (const above of andAbove(places.placeOf(node.path))) needed.add(above);
  }
  for (const { entry, node } of placed) {
    if (entry.type !== 'link') continue;
    const lead = followLink(tree, dirname(node.path), entry.target);
    if (lead.to !== 'inside' || !isDirectory(lead.node)) continue;
    for (const above of andAbove(places.placeOf(lead.node.path))) needed.add(above);
  }
  const made = [...needed].map((place) => [place, directories.get(place)] as const);
  return { placed, directories: new Map(made), placeOf, findings };
}

/** Files get their places before links, which may be other names for them. */
function filesFirst(one: TreeNode, other: TreeNode): number {
  const linksLast = Number(one.entry?.type === 'link') - Number(other.entry?.type === 'link');
  return linksLast || compareBytes(one.path, other.path);
}

/** All nodes by path, without the root. */
function allNodes(tree: SoftwareTree): TreeNode[] {
  const nodes: TreeNode[] = [];
  const pending = [...tree.root.children.values()];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    nodes.push(node);
    for (const child of node.children.values()) pending.push(child);
  }
  return nodes.toSorted((one, other) => compareBytes(one.path, other.path));
}

/** `a/b/c`, `a/b` and `a`; nothing for the package itself. */
function* andAbove(place: Bytes): Generator<Bytes> {
  for (let path = place; path !== '' && path !== '.'; path = dirname(path)) yield path;
}
