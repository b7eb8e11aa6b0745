/** Members that are drawn and do nothing, where a drawn seat is a duty: as in clients/protocol/duty.py. */
import type { Hex } from './cid.ts';
import { account, inOrder, type Deed, type Story } from './model.ts';
import { plural } from './text.ts';

/** How many rounds in a row a member missed, and how many put it out; undefined where it missed none. `absent`: whether the contract
 * lets anybody put it out between rounds, which it does for one member a round, and only where more are in than it needs. */
export function describeMissed(missed: number, absentAfter: number | undefined, absent: boolean): string | undefined {
  if (missed === 0) return undefined;
  if (!absentAfter) return `Missed ${plural(missed, 'round')}${missed > 1 ? ' in a row' : ''}`;
  if (missed >= absentAfter) return `Missed ${plural(missed, 'round')}${missed > 1 ? ' in a row' : ''}: ${absent ? 'anybody may put it out between rounds' : 'it may be put out later, one member a round, while others are enough'}`;
  return missed === 1 ? `Missed 1 round; ${absentAfter} in a row put it out` : `Missed ${missed} rounds in a row; ${absentAfter} put it out`;
}

/** Whether an account was evicted because it missed too many rounds: it wasn't banned, and a ban is for good. */
export function isForAbsence(evicted: Deed, deeds: readonly Deed[]): boolean {
  const who = account(evicted.args['account']);
  return !deeds.some((deed) => deed.name === 'Banned' && account(deed.args['account']) === who && inOrder(deed, evicted) < 0);
}

/** Those who are reported as absent, though they had acted in the round before that, or no more than half of its `voters` had revealed
 * by then, or, where roles are known, they had no seat in it. */
export function findFalseReports(story: Story, voters: number, roleOf?: (account: Hex) => string | undefined): Hex[] {
  const acts: [Hex, Deed][] = [
    ...[...story.pledges.values(), ...story.proposals, ...story.lots.values()].map(({ proposer, deed }): [Hex, Deed] => [proposer, deed]),
    ...[...story.votes.values()].map(({ voter, committed }): [Hex, Deed] => [voter, committed]),
    ...story.publications.map(({ publisher, deed }): [Hex, Deed] => [publisher, deed]),
  ];
  return [...story.absences].filter(([who, { deed }]) => {
    const seated = !roleOf || ['proposer', 'juror'].includes(roleOf(who) ?? '');
    const revealed = story.reveals.filter((one) => inOrder(one.deed, deed) < 0).length;
    return !seated || 2 * revealed <= voters || acts.some(([by, act]) => by === who && inOrder(act, deed) < 0);
  }).map(([who]) => who);
}
