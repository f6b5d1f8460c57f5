import { crc32, inflateRawSync } from 'node:zlib';
import { DraftError } from './knowledge-draft-notes.ts';

/**
 * Zip archives, as much as a DOCX needs. Of our own, since jszip, which mammoth reads with, unpacks a part whole before anybody
 * can look at its size. Layout: PKWARE APPNOTE 6.3.10, 4.3 and 4.4.
 */

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END_BYTES = 22;
const MOST_COMMENT_BYTES = 65_535;
const MOST_ENTRIES = 5_000;

const broken = (): DraftError => new DraftError('is no DOCX that can be read, or a broken one: open it in Word and save it anew as .docx');

/** The parts that are `wanted`, unpacked: together at most so many bytes, whatever the archive says of itself. */
export function unpack(bytes: Uint8Array, wanted: (name: string) => boolean, mostBytes: number): ReadonlyMap<string, Uint8Array> {
  const archive = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = new Map<string, Uint8Array>();
  try {
    let left = mostBytes;
    for (const { crc, encrypted, method, name, packed } of entriesOf(archive)) {
      if (encrypted) throw new DraftError('is encrypted: open it, remove its password and save it anew');
      if (!wanted(name)) continue;
      // The same part twice: two programs would read two different texts.
      if (parts.has(name)) throw broken();
      const part = method === 8 ? inflate(packed, left) : packed;
      left -= part.byteLength;
      if (left < 0) throw tooLarge();
      if ((method !== 0 && method !== 8) || crc32(part) !== crc) throw broken();
      parts.set(name, part);
    }
  } catch (error) {
    // Reading outside the archive is how a truncated one shows.
    throw error instanceof DraftError ? error : broken();
  }
  return parts;
}

function inflate(packed: Uint8Array, most: number): Uint8Array {
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, most) });
  } catch (error) {
    throw error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge() : broken();
  }
}

function tooLarge(): DraftError {
  return new DraftError('unpacks to more text than an article can have: split it, or copy the part that is needed into a new document');
}

function* entriesOf(archive: Buffer): Iterable<{ readonly name: string; readonly encrypted: boolean; readonly method: number; readonly crc: number; readonly packed: Uint8Array }> {
  const end = endOf(archive);
  const entries = archive.readUInt16LE(end + 10);
  // 0xffff and more is zip64, which no text of this size needs.
  if (entries > MOST_ENTRIES) throw broken();
  let at = archive.readUInt32LE(end + 16);
  for (let entry = 0; entry < entries; entry += 1) {
    if (archive.readUInt32LE(at) !== CENTRAL) throw broken();
    const size = archive.readUInt32LE(at + 20);
    const nameBytes = archive.readUInt16LE(at + 28);
    const local = archive.readUInt32LE(at + 42);
    if (archive.readUInt32LE(local) !== LOCAL) throw broken();
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    if (start + size > archive.length) throw broken();
    yield {
      name: archive.toString('utf8', at + 46, at + 46 + nameBytes),
      encrypted: (archive.readUInt16LE(at + 8) & 1) === 1,
      method: archive.readUInt16LE(at + 10),
      crc: archive.readUInt32LE(at + 16),
      packed: archive.subarray(start, start + size),
    };
    at += 46 + nameBytes + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
}

function endOf(archive: Buffer): number {
  for (let at = archive.length - END_BYTES; at >= Math.max(0, archive.length - END_BYTES - MOST_COMMENT_BYTES); at -= 1) {
    if (archive.readUInt32LE(at) === END && at + END_BYTES + archive.readUInt16LE(at + 20) === archive.length) return at;
  }
  throw broken();
}

/** An archive of exactly these parts, uncompressed: what is read next is what was looked at. */
export function pack(parts: ReadonlyMap<string, string>): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [path, text] of parts) {
    const name = Buffer.from(path);
    const body = Buffer.from(text);
    // Version 2.0, names in UTF-8 (flag 11), stored; no date.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x800, 2);
    common.writeUInt32LE(crc32(body), 10);
    common.writeUInt32LE(body.length, 14);
    common.writeUInt32LE(body.length, 18);
    common.writeUInt16LE(name.length, 22);
    const central = Buffer.alloc(14);
    central.writeUInt32LE(offset, 10);
    bodies.push(number(LOCAL, 4), common, name, body);
    directory.push(number(CENTRAL, 4), number(20, 2), common, central, name);
    offset += 4 + common.length + name.length + body.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([...bodies, ...directory, number(END, 4), number(0, 4), number(parts.size, 2), number(parts.size, 2), number(size, 4), number(offset, 4), number(0, 2)]);
}

function number(value: number, bytes: 2 | 4): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value, 0, bytes);
  return buffer;
}
