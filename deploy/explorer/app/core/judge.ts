/** What the ballots of a round come to, worked out again: selection, verdict, and what it is worth to each. */
import { ZERO32, type Hex } from './cid.ts';
import { hashWords } from './hashing.ts';
import { ACCEPTED, brokenOf, REJECTED, UNDECIDED, type Mechanism, type Story, type Terms } from './model.ts';

const WHOLE = 10_000;

export interface Wanted {
  voters: number;
  publishers: number;
  proposers: number;
}

export interface Judgement {
  outcome: number;
  candidate: Hex;
  votesFor: number;
  votesAgainst: number;
  /** The bitmap of the updates that are in the model. */
  selection: bigint;
  /** The bitmap of those that passed: decoys and unshown ones among them aren't in the model. */
  passed: bigint;
  /** The bitmaps of the updates that were bad on purpose, and of those whose lots nobody was shown. */
  decoys: bigint;
  unshown: bigint;
  /** What each update weighs in payouts, by its number. */
  weights: bigint[];
  /** The bitmap of the updates that have to pay. */
  blamed: bigint;
  convicted: bigint;
  /** The bitmap of the updates that enough of the jury could have; elsewhere all are judged. */
  judged: bigint;
  /** How many jurors could have each update, and how many of them find it good; empty where there is no jury. */
  opinions: Opinion[];
}

export interface Opinion {
  had: number;
  good: number;
}

/** What became of a juror's seat: paid, free of charge, or why it costs the voter's stake. */
export type Seat = 'paid' | 'undecided' | 'excused' | 'never revealed' | 'disagrees' | 'not published' | 'published another';

/** How many voters and publishers a round of so many members waits for; the first positions are the proposers'. */
export function wantedOf(mechanism: Mechanism, terms: Terms, members: number): Wanted {
  const { proposers = 0, voters = 0, validators = 0, miners = 0, committee = 0 } = terms;
  const rest = Math.max(members - proposers, 0);
  switch (mechanism) {
    case 'stake_vote':
      return { voters: rest, publishers: 0, proposers };
    case 'stake_jury': {
      const odd = rest ? (rest - 1) | 1 : 0;
      const jury = voters && rest >= voters ? voters : odd;
      return { voters: jury, publishers: jury, proposers };
    }
    case 'vbfl':
      return {
        voters: validators, publishers: validators + miners,
        proposers: Math.max(Math.min(proposers, members - validators - miners), 0),
      };
    case 'bflc':
      return {
        voters: committee, publishers: committee,
        proposers: Math.max(Math.min(proposers, members - committee), 0),
      };
    case 'blade':
      return { voters: members, publishers: members, proposers: members };
  }
}

/** The fewest members with which a round opens. */
export function fewestOf(mechanism: Mechanism, terms: Terms): number {
  const { proposers = 0, minVoters = 0, validators = 0, miners = 0, committee = 0, updates = 0, minWinners = 0 } = terms;
  switch (mechanism) {
    case 'stake_vote':
    case 'stake_jury':
      return proposers + minVoters;
    case 'vbfl':
      return validators + miners + 1;
    case 'bflc':
      return committee + updates;
    case 'blade':
      return minWinners;
  }
}

/** What a position of the draw does; undefined where more than the draw decides it. */
export function rolesAt(mechanism: Mechanism, terms: Terms, members: number, position: number): string | undefined {
  const { proposers, voters } = wantedOf(mechanism, terms, members);
  const { validators = 0, miners = 0 } = terms;
  switch (mechanism) {
    case 'stake_vote':
      return position < proposers ? 'proposer' : 'voter';
    case 'stake_jury':
      if (position < proposers) return 'proposer';
      return position < proposers + voters ? 'juror' : 'rests';
    case 'vbfl':
      if (position < proposers) return 'worker';
      if (position < proposers + validators) return 'validator';
      return position < proposers + validators + miners ? 'miner' : 'rests';
    case 'bflc':
      return undefined;
    case 'blade':
      return 'proposer, voter, miner';
  }
}

export function bitsOf(bitmap: bigint): number[] {
  const numbers: number[] = [];
  for (let number = 0; number < 256; number++) if ((bitmap >> BigInt(number)) & 1n) numbers.push(number);
  return numbers;
}

function has(bitmap: bigint, number: number): boolean {
  return ((bitmap >> BigInt(number)) & 1n) === 1n;
}

/** The word of a ballot at a place, as a number. */
export function ballotWord(ballot: Hex, place: number): bigint {
  const digits = ballot.slice(2 + 64 * place, 66 + 64 * place);
  return BigInt(`0x${digits || '0'}`);
}

/** The scores of a bflc ballot, in hundredths of a percent. */
export function ballotScores(ballot: Hex): number[] {
  return (ballot.slice(2).match(/.{4}/g) ?? []).map((digits) => Number.parseInt(digits, 16));
}

/** Judges a round by its ballots and publications. */
export function judge(mechanism: Mechanism, terms: Terms, story: Story): Judgement {
  const wanted = wantedOf(mechanism, terms, story.opened?.members ?? 0);
  return mechanism === 'stake_vote' ? judgeAggregate(terms, story, wanted) : judgeUpdates(mechanism, terms, story, wanted);
}

function judgeAggregate(terms: Terms, story: Story, wanted: Wanted): Judgement {
  const reveals = story.reveals.length;
  const tally = count(story.reveals.map(({ ballot }) => ballot.slice(0, 66) as Hex));
  const against = tally.entries.get(ZERO32) ?? 0;
  const quorum = reveals * WHOLE >= (terms.quorumBps ?? 0) * wanted.voters;
  const decided = reveals > 0 && quorum && tally.leadingCount * 2 > reveals;
  const outcome = !decided ? UNDECIDED : tally.leadingDigest === ZERO32 ? REJECTED : ACCEPTED;
  const all = everyUpdate(story);
  const selection = outcome === ACCEPTED ? all : 0n;
  let blamed = outcome === REJECTED ? all : 0n;
  if (blamed && terms.attribution) blamed = marked(story.reveals.map(({ ballot }) => ballotWord(ballot, 1)), story, majority(tally.leadingCount));
  return {
    outcome, blamed, candidate: tally.leadingDigest, votesFor: reveals - against, votesAgainst: against, convicted: 0n, judged: all, opinions: [],
    selection, passed: selection, decoys: 0n, unshown: 0n, weights: story.proposals.map(({ samples }) => samples),
  };
}

function judgeUpdates(mechanism: Mechanism, terms: Terms, story: Story, wanted: Wanted): Judgement {
  const tally = count(story.publications.map(({ digest }) => digest));
  const decided = tally.leadingCount * 2 > wanted.publishers;
  const outcome = !decided ? UNDECIDED : tally.leadingDigest === ZERO32 ? REJECTED : ACCEPTED;
  const chosen = select(mechanism, terms, story, wanted);
  return {
    outcome, candidate: tally.leadingDigest, votesFor: tally.leadingCount, votesAgainst: story.publications.length - tally.leadingCount,
    blamed: 0n, convicted: 0n, judged: everyUpdate(story), opinions: [], passed: chosen.selection, decoys: 0n, unshown: 0n, ...chosen,
  };
}

type Selected = Pick<Judgement, 'selection' | 'weights'> & Partial<Judgement>;

function select(mechanism: Mechanism, terms: Terms, story: Story, wanted: Wanted): Selected {
  const reveals = story.reveals.length;
  if (mechanism === 'bflc') return selectByMedian(terms, story);
  const approvals = story.reveals.map(({ ballot }) => ballotWord(ballot, 0));
  if (mechanism === 'stake_jury') return selectByJury(terms, story, approvals, wanted);
  const least = majority(reveals) - (mechanism === 'vbfl' && reveals % 2 === 0 ? 1 : 0);
  let selection = reveals ? marked(approvals, story, least) : 0n;
  let convicted = story.accusations.reduce((bitmap, { updateNumber }) => bitmap | (1n << BigInt(updateNumber)), 0n);
  if (convicted) convicted &= marked(story.reveals.map(({ ballot }) => ballotWord(ballot, 1)), story, majority(wanted.voters));
  selection &= ~convicted;
  const weights = story.proposals.map(({ samples, epochs }) => (mechanism === 'vbfl' ? samples * epochs : samples));
  return { selection, weights, convicted };
}

/** An update passes if more than half of the jury could have it and more than half of all who revealed find it good. It fails if at
 * most half of those who could have it do, and pays if at most a quarter do. Between passing and failing it isn't judged. Where updates may be decoys, the model is made of what was shown to be none, and a decoy pays nothing. */
function selectByJury(terms: Terms, story: Story, approvals: bigint[], wanted: Wanted): Selected {
  const good = countMarks(approvals, story);
  const had = countMarks(story.reveals.map(({ ballot }) => ballotWord(ballot, 1)), story);
  const opinions = had.map((one, number) => ({ had: one, good: good[number] ?? 0 }));
  const which = (holds: (opinion: Opinion) => boolean): bigint => bitmapOf(opinions, (one) => 2 * one.had > wanted.voters && holds(one));
  const passed = which((one) => 2 * one.good > story.reveals.length);
  const judged = passed | which((one) => 2 * one.good <= one.had);
  const lots = story.proposals.map(({ proposer }) => story.lots.get(proposer));
  const decoys = bitmapOf(lots, (lot) => lot?.decoy === true);
  const unshown = terms.decoyOdds ? bitmapOf(lots, (lot) => !lot) : 0n;
  return {
    opinions, judged, passed, decoys, unshown, weights: story.proposals.map(({ samples }) => samples),
    selection: passed & ~decoys & ~unshown, blamed: which((one) => 4 * (one.had - one.good) >= 3 * one.had) & ~decoys,
  };
}

function selectByMedian(terms: Terms, story: Story): Selected {
  const scores = story.reveals.map(({ ballot }) => ballotScores(ballot));
  const { updates = 0, minScore = 0 } = terms;
  const medians = story.proposals.map((_, number) => {
    const sorted = scores.map((one) => one[number] ?? 0).sort((a, b) => a - b);
    return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  });
  const passing = medians.flatMap((median, number) => (scores.length && median >= minScore ? [number] : []));
  const chosen = passing.length < updates ? [] : passing.slice(0, updates);
  const selection = chosen.reduce((bitmap, number) => bitmap | (1n << BigInt(number)), 0n);
  return { selection, weights: medians.map(BigInt) };
}

function majority(whole: number): number {
  return Math.floor(whole / 2) + 1;
}

/** The updates that at least so many bitmaps have. */
function marked(bitmaps: bigint[], story: Story, least: number): bigint {
  return bitmapOf(countMarks(bitmaps, story), (marks) => marks >= least);
}

/** How many bitmaps have each update. */
function countMarks(bitmaps: bigint[], story: Story): number[] {
  return story.proposals.map((_, number) => bitmaps.filter((bitmap) => has(bitmap, number)).length);
}

/** Whether a secret makes its proposer's update a decoy, in the round of this seed. */
export function isDecoy(odds: number, secret: Hex, seed: Hex): boolean {
  return odds > 0 && BigInt(hashWords(secret, seed)) % BigInt(odds) === 0n;
}

/** The bitmap of the places of which something holds. */
function bitmapOf<Value>(values: Value[], holds: (value: Value) => boolean): bigint {
  return values.reduce((bitmap, value, number) => (holds(value) ? bitmap | (1n << BigInt(number)) : bitmap), 0n);
}

function everyUpdate(story: Story): bigint {
  return bitmapOf(story.proposals, () => true);
}

/** Counts entries; the first to reach a number leads. */
function count(entries: Hex[]): { leadingDigest: Hex; leadingCount: number; entries: Map<Hex, number> } {
  const counted = new Map<Hex, number>();
  let [leadingDigest, leadingCount] = [ZERO32, 0];
  for (const entry of entries) {
    const now = (counted.get(entry) ?? 0) + 1;
    counted.set(entry, now);
    if (now > leadingCount) [leadingDigest, leadingCount] = [entry, now];
  }
  return { leadingDigest, leadingCount, entries: counted };
}

/** What the settled round is worth to each who acted in it, by the rules of its mechanism. */
export function duesOf(
  mechanism: Mechanism, terms: Terms, story: Story, judged: Judgement, roleOf: (account: Hex) => string | undefined,
): Map<Hex, bigint> {
  const { settled } = story;
  const dues = new Map<Hex, bigint>();
  if (!settled) return dues;
  const give = (account: Hex, amount: bigint): void => void dues.set(account, (dues.get(account) ?? 0n) + amount);
  // in vbfl the terms may say what an update earns, whatever it claims
  const earns = (number: number): bigint => BigInt(terms.updateUnits ?? 0) || (judged.weights[number] ?? 0n);
  const selected = (number: number): bigint => (has(judged.selection, number) ? earns(number) : 0n);
  const decided = settled.outcome !== UNDECIDED;
  const accepted = settled.outcome === ACCEPTED;
  for (const account of actors(story)) give(account, 0n);
  const { proposerStake } = terms;
  if (proposerStake !== undefined) for (const proposer of brokenOf(story)) give(proposer, -proposerStake);
  if (mechanism === 'stake_vote') return duesOfStakes(terms, story, judged, give, dues);
  if (mechanism === 'stake_jury') return duesOfShares(terms, story, judged, give, dues);
  const [proposals, reveals] = [BigInt(story.proposals.length), BigInt(story.reveals.length)];
  for (const one of story.proposals) {
    const pays = mechanism === 'vbfl' ? decided : accepted;
    if (pays) give(one.proposer, selected(one.updateNumber) * settled.proposerReward);
    if (mechanism === 'blade' && decided && has(judged.convicted, one.updateNumber)) give(one.proposer, -terms.bond);
  }
  if (mechanism === 'vbfl' && decided) {
    for (const { voter } of story.reveals) give(voter, 2n * proposals * settled.proposerReward);
    for (const { publisher, digest } of story.publications) {
      if (digest === settled.candidate && roleOf(publisher) === 'miner') give(publisher, proposals * reveals * settled.proposerReward);
    }
  }
  if (mechanism === 'blade' && accepted && story.winner) give(story.winner.account, settled.voterReward);
  return dues;
}

function duesOfStakes(
  terms: Terms, story: Story, judged: Judgement, give: (account: Hex, amount: bigint) => void, dues: Map<Hex, bigint>,
): Map<Hex, bigint> {
  const { settled } = story;
  if (!settled) return dues;
  const { proposerStake = 0n, voterStake = 0n } = terms;
  for (const { proposer, updateNumber: number } of story.proposals) {
    if (settled.outcome !== REJECTED) give(proposer, settled.proposerReward);
    else if (has(judged.blamed, number)) give(proposer, -proposerStake);
  }
  for (const { voter, revealed } of story.votes.values()) {
    if (!revealed) give(voter, -voterStake);
    else if (settled.outcome !== UNDECIDED) {
      const withMost = (revealed.ballot.slice(0, 66) as Hex) === settled.candidate;
      give(voter, withMost ? settled.voterReward : -voterStake);
    }
  }
  return dues;
}

/** What a juror's seat comes to: it is paid if its ballot differs from the jury's in at most a third of what it is about,
 * and its publication has the leading digest. It costs if the ballot differs in more than half. Between these it is
 * excused, as it is if the ballot is about less than half of what was judged, decoys left out, or didn't reject a decoy that didn't pass, even
 * if its juror couldn't have it. It is excused only if it published. */
export function seatOf(story: Story, judged: Judgement, voter: Hex): Seat {
  const revealed = story.votes.get(voter)?.revealed;
  if (!revealed) return 'never revealed';
  if ((story.settled?.outcome ?? judged.outcome) === UNDECIDED) return 'undecided';
  const [good, had] = [ballotWord(revealed.ballot, 0), ballotWord(revealed.ballot, 1)];
  const compared = judged.judged & ~judged.decoys;
  const about = had & compared;
  const count = bitsOf(about).length;
  const enough = count > 0 && 2 * count >= bitsOf(compared).length;
  const differing = bitsOf((good ^ judged.passed) & about).length;
  if (enough && 2 * differing > count) return 'disagrees';
  const published = story.publications.find(({ publisher }) => publisher === voter);
  if (!published) return 'not published';
  const fooled = (judged.decoys & judged.judged & ~judged.passed & ~(had & ~good)) !== 0n;
  if (!enough || 3 * differing > count || fooled) return 'excused';
  return published.digest === (story.settled?.candidate ?? judged.candidate) ? 'paid' : 'published another';
}

function duesOfShares(
  terms: Terms, story: Story, judged: Judgement, give: (account: Hex, amount: bigint) => void, dues: Map<Hex, bigint>,
): Map<Hex, bigint> {
  const { settled } = story;
  if (!settled) return dues;
  const { proposerStake = 0n, voterStake = 0n, updateShares = 0, seatShares = 0 } = terms;
  for (const { proposer, updateNumber: number } of settled.outcome === UNDECIDED ? [] : story.proposals) {
    if (has(judged.selection | (judged.decoys & judged.judged), number)) give(proposer, settled.proposerReward * BigInt(updateShares));
    else if (has(judged.blamed, number)) give(proposer, -proposerStake);
  }
  for (const voter of story.votes.keys()) {
    const seat = seatOf(story, judged, voter);
    if (seat === 'paid') give(voter, settled.proposerReward * BigInt(seatShares));
    else if (seat !== 'undecided' && seat !== 'excused') give(voter, -voterStake);
  }
  return dues;
}

/** Who did something in a round. */
export function actors(story: Story): Set<Hex> {
  return new Set([
    ...story.pledges.keys(),
    ...story.proposals.map(({ proposer }) => proposer),
    ...story.votes.keys(),
    ...story.publications.map(({ publisher }) => publisher),
  ]);
}
