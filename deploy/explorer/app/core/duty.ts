/** Members that are drawn and do nothing, where a drawn seat is a duty: as in clients/protocol/duty.py. */
import type { Hex } from './cid.ts';
import { account, inOrder, type Deed, type Story } from './model.ts';
import { plural } from './text.ts';

/** How many rounds in a row a member missed, and how many put it out; undefined where it missed none. */
export function describeMissed(missed: number, most: number | undefined): string | undefined {
  if (missed === 0) return undefined;
  if (!most) return `Missed ${plural(missed, 'round')}${missed > 1 ? ' in a row' : ''}`;
  if (missed >= most) return `Missed ${plural(missed, 'round')}${missed > 1 ? ' in a row' : ''}: anybody may put it out while others are enough`;
  return missed === 1 ? `Missed 1 round; ${most} in a row put it out` : `Missed ${missed} rounds in a row; ${most} put it out`;
}

/** Whether an account was evicted because it missed too many rounds: it wasn't banned, and a ban is for good. */
export function isForAbsence(evicted: Deed, deeds: readonly Deed[]): boolean {
  const who = account(evicted.args['account']);
  return !deeds.some((deed) => deed.name === 'Banned' && account(deed.args['account']) === who && inOrder(deed, evicted) < 0);
}

/** Those who are reported as absent, though they had acted in the round before that or, where roles are known, had no seat in it. */
export function findFalseReports(story: Story, roleOf?: (account: Hex) => string | undefined): Hex[] {
  const acts: [Hex, Deed][] = [
    ...[...story.pledges.values(), ...story.proposals, ...story.lots.values()].map(({ proposer, deed }): [Hex, Deed] => [proposer, deed]),
    ...[...story.votes.values()].map(({ voter, committed }): [Hex, Deed] => [voter, committed]),
    ...story.publications.map(({ publisher, deed }): [Hex, Deed] => [publisher, deed]),
  ];
  return [...story.absences].filter(([who, { deed }]) => {
    const seated = !roleOf || ['proposer', 'juror'].includes(roleOf(who) ?? '');
    return !seated || acts.some(([by, act]) => by === who && inOrder(act, deed) < 0);
  }).map(([who]) => who);
}
