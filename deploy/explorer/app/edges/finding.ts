/** Where in a chain something is: found by halving, so that a long chain costs a few dozen questions. */
import type { Federation } from './federation.ts';
import { Refused } from './rpc.ts';

/** The first block of a federation; 0 where the node has forgotten old states. */
export async function findBirth(federation: Federation, tip: number): Promise<number> {
  const { rpc, address } = federation;
  try {
    return await halve(0, tip, async (block) => (await rpc.request('eth_getCode', address, `0x${block.toString(16)}`)) !== '0x');
  } catch (error) {
    if (error instanceof Refused) return 0;
    throw error;
  }
}

/** The first block of at least this time. */
export async function findTime(federation: Federation, time: number, first: number, tip: number): Promise<number> {
  return await halve(first, tip, async (number) => ((await federation.rpc.block(number))?.time ?? Infinity) >= time);
}

/** The first number of a range from which on `is` holds; its end where it holds nowhere before. */
async function halve(first: number, last: number, is: (number: number) => Promise<boolean>): Promise<number> {
  let [low, high] = [first, last];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await is(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
