/** keccak256(abi.encode(…)) of static values: each of them is a word of 32 bytes. */
import { keccak_256 } from '@noble/hashes/sha3';
import { hex, unhex, type Hex } from './cid.ts';

export type Word = bigint | number | Hex;

export function word(value: Word): Uint8Array {
  const digits = typeof value === 'string' ? value.slice(2) : value.toString(16);
  if (digits.length > 64 || digits.startsWith('-')) throw new RangeError('not a word');
  return unhex(`0x${digits.padStart(64, '0')}`);
}

export function hashWords(...values: Word[]): Hex {
  return hex(keccak_256(join(values.map(word))));
}

/** What binds a ballot to chain, federation, round and voter before it is shown. */
export function commitment(chain: number, federation: Hex, round: number, voter: Hex, ballot: Hex, salt: Hex): Hex {
  const bytes = unhex(ballot);
  const padded = new Uint8Array(Math.ceil(bytes.length / 32) * 32);
  padded.set(bytes);
  const head: Word[] = [chain, federation, round, voter, 6 * 32, salt, bytes.length];
  return hex(keccak_256(join([...head.map(word), padded])));
}

/** What binds an update to chain, federation, round and proposer before it is shown. */
export function pledgeOf(
  chain: number, federation: Hex, round: number, { proposer, digest, samples, epochs }: { proposer: Hex; digest: Hex; samples: bigint; epochs: bigint },
): Hex {
  return hashWords(chain, federation, round, proposer, digest, samples, epochs);
}

export function xor(left: Hex, right: Hex): Hex {
  return `0x${(BigInt(left) ^ BigInt(right)).toString(16).padStart(64, '0')}`;
}

function join(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
