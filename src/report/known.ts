/**
 * What was told, between two reports: `.admin/reports/NAME.json`, by recipient. A file that cannot be
 * read counts as none: then everything is told again, which is better than nothing.
 */
import { b, bytes, fromJson, toJson, toText, type Bytes, type JsonBytes } from '../bytes/bytes.ts';
import { readAt, writeFileDurably } from '../files/content.ts';
import { statAt } from '../files/stat.ts';
import { makeDirs, type Walker } from '../files/walk.ts';
import { EXIT, XhError } from '../message/error.ts';
import { SEVERITIES, type Finding } from './finding.ts';
import type { KnownFinding } from './fold.ts';

/** Where reports remember what they have told. */
export const REPORTS = b`/.software/local/.admin/reports`;

export type Known = ReadonlyMap<Bytes, readonly KnownFinding[]>;

/** What the report called `name` told last time. @throws FileError for whom it is not to read */
export function readKnown(walker: Walker, name: string): Known {
  try {
    const place = walker.tryLocate(pathOf(name), { follow: true });
    if (place === undefined || statAt(place.dir, place.name)?.type !== 'f') return new Map();
    return parseKnown(readAt(place.dir, place.name));
  } catch (error) {
    if (!(error instanceof XhError) || error.exit === EXIT.notPermitted) throw error;
    return new Map();
  }
}

/** Remembers it, in one step. @throws FileError */
export function writeKnown(walker: Walker, name: string, known: Known): void {
  makeDirs(walker, REPORTS);
  const place = walker.locate(pathOf(name), { follow: true });
  // what is told to one person is not for everybody
  writeFileDurably(place.dir, place.name, printKnown(known), 0o600);
}

/** A file that reads back as `known`. */
export function printKnown(known: Known): Bytes {
  const told = [...known].map(([address, findings]) => ({
    to: toJson(address),
    findings: findings.map(({ finding, since, told: when }) => ({
      ...finding,
      to: finding.to.map(toJson),
      ...(finding.package !== undefined && { package: toJson(finding.package) }),
      since,
      told: when,
    })),
  }));
  return bytes(`${JSON.stringify({ format: 1, told }, undefined, 1)}\n`);
}

/** What a file says; whatever is none of it is passed over. */
export function parseKnown(content: Bytes): Known {
  const file = objectOf(jsonOf(content));
  if (file['format'] !== 1) return new Map();
  return new Map(
    listOf(file['told']).flatMap((each): [Bytes, KnownFinding[]][] => {
      const { to, findings } = objectOf(each);
      const address = bytesOf(to);
      return address === undefined ? [] : [[address, listOf(findings).flatMap(knownFinding)]];
    }),
  );
}

function pathOf(name: string): Bytes {
  return b`${REPORTS}/${bytes(name)}.json`;
}

function knownFinding(value: unknown): KnownFinding[] {
  const { subject, to, severity, code, text, remedy, key, since, told, ...rest } = objectOf(value);
  const weight = SEVERITIES.find((each) => each === severity);
  if (weight === undefined || typeof code !== 'string' || typeof text !== 'string') return [];
  if (typeof since !== 'number' || typeof told !== 'number') return [];
  const of = bytesOf(rest['package']);
  const finding: Finding = {
    subject: subject === 'package' ? 'package' : 'host',
    ...(of !== undefined && { package: of }),
    to: listOf(to).flatMap((each) => bytesOf(each) ?? []),
    severity: weight,
    code,
    text,
    ...(typeof remedy === 'string' && { remedy }),
    ...(typeof key === 'string' && { key }),
  };
  return [{ finding, since, told }];
}

function jsonOf(content: Bytes): unknown {
  try {
    return JSON.parse(toText(content));
  } catch {
    return undefined;
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function bytesOf(value: unknown): Bytes | undefined {
  const isEncoded =
    typeof value === 'object' &&
    value !== null &&
    'base64' in value &&
    typeof value.base64 === 'string';
  return typeof value === 'string' || isEncoded ? fromJson(value as JsonBytes) : undefined;
}
