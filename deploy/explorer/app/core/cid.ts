/** The name of a stored file, and how it follows from the file's bytes: CIDv1, dag-pb, sha2-256, as Kubo computes it.
 *
 * The layout is that of docs/reference/store.md: chunks of 256 KiB, 174 links a node, no raw leaves. */
import { sha256 } from '@noble/hashes/sha2';

export const CHUNK_BYTES = 262_144;
const LINKS_PER_NODE = 174;
const PREFIX = Uint8Array.of(0x01, 0x70, 0x12, 32);
const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567';

export type Hex = `0x${string}`;
export const ZERO32: Hex = `0x${'0'.repeat(64)}`;

/** A block as its parent sees it. */
interface Block {
  digest: Uint8Array;
  /** Bytes of the file below this block. */
  file: number;
  /** Bytes of encoded blocks, this one and all below it. */
  tree: number;
}

export function hex(bytes: Uint8Array): Hex {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return `0x${text}`;
}

export function unhex(text: string): Uint8Array {
  const digits = text.slice(2);
  if (!/^0x([0-9a-fA-F]{2})*$/.test(text)) throw new Error('not hexadecimal');
  const bytes = new Uint8Array(digits.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}

/** The text of the CID that 32 bytes on chain stand for. */
export function cidOf(digest: Hex): string {
  const raw = unhex(digest);
  if (raw.length !== 32) throw new Error('a digest has 32 bytes');
  return `b${base32(Uint8Array.of(...PREFIX, ...raw))}`;
}

/** The digest of a CID in its one canonical spelling; undefined for any other text. */
export function digestOf(cid: string): Hex | undefined {
  if (!/^b[a-z2-7]{58}$/.test(cid)) return undefined;
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const letter of cid.slice(1)) {
    held = ((held << 5) | LETTERS.indexOf(letter)) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 0xff);
    }
  }
  const raw = Uint8Array.from(bytes);
  if (raw.length !== 36 || PREFIX.some((byte, at) => raw[at] !== byte)) return undefined;
  const digest = hex(raw.subarray(4));
  return cidOf(digest) === cid ? digest : undefined;
}

/** The digest of a file that holds `data`. */
export function fileDigest(data: Uint8Array): Hex {
  let level: Block[] = [];
  for (let at = 0; at < Math.max(data.length, 1); at += CHUNK_BYTES) level.push(leaf(data.subarray(at, at + CHUNK_BYTES)));
  while (level.length > 1) {
    const above: Block[] = [];
    for (let at = 0; at < level.length; at += LINKS_PER_NODE) above.push(parent(level.slice(at, at + LINKS_PER_NODE)));
    level = above;
  }
  const [root] = level;
  if (!root) throw new Error('unreachable: a file has a block');
  return hex(root.digest);
}

function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0x1fff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += LETTERS.charAt((held >> bits) & 31);
    }
  }
  return bits ? text + LETTERS.charAt((held << (5 - bits)) & 31) : text;
}

function leaf(chunk: Uint8Array): Block {
  const size = varint(chunk.length);
  const head = [0x08, 0x02, ...(chunk.length ? [0x12, ...size] : [])];
  const tail = [0x18, ...size];
  const front = Uint8Array.from([0x0a, ...varint(head.length + chunk.length + tail.length), ...head]);
  const digest = sha256.create().update(front).update(chunk).update(Uint8Array.from(tail)).digest();
  return { digest, file: chunk.length, tree: front.length + chunk.length + tail.length };
}

function parent(children: Block[]): Block {
  const file = children.reduce((sum, child) => sum + child.file, 0);
  const links = children.flatMap((child) => field(0x12, link(child)));
  const sizes = children.flatMap((child) => [0x20, ...varint(child.file)]);
  const block = Uint8Array.from([...links, ...field(0x0a, [0x08, 0x02, 0x18, ...varint(file), ...sizes])]);
  const tree = children.reduce((sum, child) => sum + child.tree, block.length);
  return { digest: sha256(block), file, tree };
}

function link(child: Block): number[] {
  return [...field(0x0a, [...PREFIX, ...child.digest]), 0x12, 0x00, 0x18, ...varint(child.tree)];
}

function field(key: number, value: number[]): number[] {
  return [key, ...varint(value.length), ...value];
}

function varint(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    out.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return [...out, rest];
}
