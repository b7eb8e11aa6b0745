/** The draw: a seed, and the permutation of the registry that it keys (contracts/libraries/Draw.sol). */
import type { Hex } from './cid.ts';
import { hashWords } from './hashing.ts';

const STEPS = 8;
/** The most members that a registry holds. */
export const MEMBERS_MAX = 65_535;

export function seedOf(entropy: Hex, mix: Hex, round: number): Hex {
  return hashWords(entropy, mix, round);
}

/** What a reveal adds to the mix that later seeds are made of. */
export function mixOf(voter: Hex, salt: Hex): Hex {
  return hashWords(voter, salt);
}

/** Each place's position in the permutation keyed by `seed`. */
export function positionsOf(seed: Hex, members: number): number[] {
  if (!Number.isInteger(members) || members < 0 || members > MEMBERS_MAX) throw new RangeError('no such registry');
  const side = Math.ceil(Math.sqrt(members));
  const tables: number[][] = [];
  for (let step = 0; step < STEPS; step++) {
    const table: number[] = [];
    for (let right = 0; right < side; right++) table.push(Number(BigInt(hashWords(seed, step, right)) % BigInt(side)));
    tables.push(table);
  }
  const positions: number[] = [];
  for (let place = 0; place < members; place++) positions.push(walk(place, side, members, tables));
  return positions;
}

function walk(place: number, side: number, members: number, tables: number[][]): number {
  let x = place;
  do {
    let [left, right] = [Math.floor(x / side), x % side];
    for (const table of tables) [left, right] = [right, (left + (table[right] as number)) % side];
    x = left * side + right;
  } while (x >= members);
  return x;
}
