/** Stakes over time, from events that say what a stake was after them. */
import type { Hex } from '../core/cid.ts';
import { account, type Deed } from '../core/model.ts';
import { approximate } from '../core/text.ts';

export const STAKE_EVENTS = ['Joined', 'Deposited', 'Claimed', 'Collected', 'Left', 'Evicted', 'Banned'] as const;

export interface Step {
  account: Hex;
  stake: bigint;
  deed: Deed;
}

export function stepsOf(deeds: readonly Deed[]): Step[] {
  return deeds.flatMap((deed) => {
    const { args } = deed;
    return typeof args['stake'] === 'bigint' ? [{ account: account(args['account']), stake: args['stake'], deed }] : [];
  });
}

/** Steps as lines over blocks: a value where an account's stake changed, which holds until the next. */
export function linesOf(steps: readonly Step[], decimals: number): { x: number[]; values: Map<Hex, (number | null)[]> } {
  const x = [...new Set(steps.map(({ deed }) => deed.block))].sort((a, b) => a - b);
  const places = new Map(x.map((block, at) => [block, at]));
  const values = new Map<Hex, (number | null)[]>();
  for (const { account: who, stake, deed } of steps) {
    const line = values.get(who) ?? new Array<number | null>(x.length).fill(null);
    values.set(who, line);
    line[places.get(deed.block) ?? 0] = approximate(stake, decimals);
  }
  for (const line of values.values()) for (let at = 1; at < line.length; at++) line[at] ??= line[at - 1] ?? null;
  return { x, values };
}
