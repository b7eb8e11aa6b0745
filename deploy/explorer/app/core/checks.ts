/** What "verify this round" says, check by check. */
import type { Hex } from './cid.ts';
import { ZERO32 } from './cid.ts';
import { findFalseReports } from './duty.ts';
import { commitment, pledgeOf } from './hashing.ts';
import { bitsOf, isDecoy, type Judgement } from './judge.ts';
import { OUTCOMES, type Story } from './model.ts';
import { plural } from './text.ts';

export interface Check {
  title: string;
  /** undefined: it can't be told. */
  good: boolean | undefined;
  says: string;
}

/** The updates that the round's model is made of, by their numbers. */
export function chosenOf(story: Story, judged: Judgement): number[] {
  return bitsOf(judged.selection).filter((number) => number < story.proposals.length);
}

/** Checks that each update is the one that its proposer pledged. */
export function checkPledges(chain: number, federation: Hex, story: Story): Check {
  const odd = story.proposals.filter((one) => story.pledges.get(one.proposer)?.pledge !== pledgeOf(chain, federation, story.round, one));
  return {
    title: 'Pledges', good: odd.length === 0,
    says: odd.length ? `${plural(odd.length, 'update')} is not what its proposer had pledged`
      : `all ${plural(story.proposals.length, 'update')} are what their proposers had pledged`,
  };
}

/** Checks that each shown update is a decoy just if its proposer's secret and the seed say so. Whether the secret is the one that
 * was anchored only the contract tells here: the anchor is older than the round. */
export function checkLots(odds: number, story: Story): Check {
  const lots = [...story.lots.values()];
  const odd = lots.filter(({ secret, decoy }) => !story.drawn || isDecoy(odds, secret, story.drawn.seed) !== decoy);
  return {
    title: 'Decoys', good: odd.length === 0,
    says: odd.length ? `${plural(odd.length, 'update')} is told of otherwise than secret and seed say`
      : `${plural(lots.filter(({ decoy }) => decoy).length, 'decoy')} of ${plural(lots.length, 'shown update')}, as secrets and seed say`,
  };
}

/** Checks that whoever is reported as absent did nothing before that, that more than half of the round's `voters` had revealed and, where
 * roles are known, that it had a seat. */
export function checkAbsences(story: Story, voters: number, roleOf?: (account: Hex) => string | undefined): Check {
  const odd = findFalseReports(story, voters, roleOf);
  return {
    title: 'Absences', good: odd.length === 0,
    says: odd.length ? `${plural(odd.length, 'member')} reported as absent had acted, or had no seat, or the round had no quorum yet`
      : story.absences.size ? `${plural(story.absences.size, 'member')} reported as absent: none of them had acted` : 'nobody is reported as absent',
  };
}

/** Checks what needs no model: ballots, selection and verdict. */
export function checkVotes(chain: number, federation: Hex, story: Story, judged: Judgement): Check[] {
  const broken = [...story.votes.values()].filter(({ voter, commitment: made, revealed }) =>
    revealed && commitment(chain, federation, story.round, voter, revealed.ballot, revealed.salt) !== made);
  const checks: Check[] = [{
    title: 'Ballots', good: broken.length === 0,
    says: broken.length ? `${plural(broken.length, 'ballot')} is not what its voter committed to`
      : `all ${plural(story.reveals.length, 'ballot')} are what their voters had committed to`,
  }];
  const odd = story.publications.filter(({ selection }) => selection !== judged.selection);
  if (story.publications.length) {
    checks.push({
      title: 'Selection', good: odd.length === 0,
      says: odd.length ? 'publications name other updates than the ballots pass' : `the ballots pass updates ${chosenOf(story, judged).join(', ') || 'none'}, as was published`,
    });
  }
  const { settled } = story;
  if (settled) {
    const same = settled.outcome === judged.outcome && Number(settled.votesFor) === judged.votesFor && settled.candidate === judged.candidate;
    checks.push({
      title: 'Verdict', good: same,
      says: same ? `${(OUTCOMES[judged.outcome] ?? '').toLowerCase()}, ${judged.votesFor} for and ${judged.votesAgainst} against, as counted here`
        : `counted here: ${OUTCOMES[judged.outcome] ?? ''}, ${judged.votesFor} for and ${judged.votesAgainst} against`,
    });
  }
  return checks;
}

/** Compares the recomputed model with what the chain says. */
export function checkDigest(story: Story, made: Hex): Check[] {
  const { settled } = story;
  const accepted = settled?.outcome === 1;
  const checks: Check[] = [];
  if (settled && accepted) {
    checks.push({
      title: 'Digest', good: settled.head === made && settled.candidate === made,
      says: settled.head === made ? 'the aggregate computed here is the accepted model, bit for bit' : 'the aggregate computed here is another than the accepted model',
    });
  }
  const named = new Set([...story.reveals.map(({ ballot }) => ballot.slice(0, 66)), ...story.publications.map(({ digest }) => digest)]);
  if (!accepted) {
    const there = named.has(made);
    checks.push({ title: 'Digest', good: there ? true : undefined, says: there ? 'some named the aggregate computed here' : 'nobody named the aggregate computed here' });
  }
  const others = story.publications.filter(({ digest }) => digest !== made && digest !== ZERO32);
  if (others.length) checks.push({ title: 'Publishers', good: false, says: `${plural(others.length, 'publication')} named another model` });
  return checks;
}
