/** What a federation's events say, in types. Amounts are bigint base units, accounts lower-case, times in seconds. */
import type { Hex } from './cid.ts';

export const MECHANISMS = ['stake_vote', 'stake_jury', 'vbfl', 'bflc', 'blade'] as const;
export type Mechanism = (typeof MECHANISMS)[number];
export const PHASES = ['Open', 'Draw', 'Pledge', 'Propose', 'Commit', 'Reveal', 'Publish', 'Settle'] as const;
export const OUTCOMES = ['In progress', 'Accepted', 'Rejected', 'Undecided'] as const;
export const STANDINGS = ['Stranger', 'Member', 'Leaving', 'Banned'] as const;
export const ACCEPTED = 1;
export const REJECTED = 2;
export const UNDECIDED = 3;

/** A decoded log. `args` hold what the ABI names. */
export interface Deed {
  name: string;
  args: Record<string, unknown>;
  block: number;
  blockHash: Hex;
  index: number;
  transaction: Hex;
}

/** The terms that the page looks at; a mechanism has some of them. */
export interface Terms {
  token: Hex;
  beacon: Hex;
  genesis: Hex;
  bond: bigint;
  /** Who admits and expels; empty where anyone gets in. */
  managers: readonly Hex[];
  /** Who are in at once, and how many come in with a round unless it lacks more; not of blade. */
  founders?: readonly Hex[];
  newcomers?: number;
  /** `pledge` is 0 where updates are proposed without a pledge. */
  schedule: { pledge: number; propose: number; commit: number; reveal: number; publish: number };
  floor?: bigint;
  proposerStake?: bigint;
  voterStake?: bigint;
  proposers?: number;
  quorumBps?: number;
  attribution?: boolean;
  voters?: number;
  minVoters?: number;
  updateShares?: number;
  seatShares?: number;
  /** One update in so many is a decoy; 0: none. */
  decoyOdds?: number;
  /** So many drawn rounds in a row that a member misses put it out; 0: none do. */
  absentAfter?: number;
  validators?: number;
  miners?: number;
  committee?: number;
  updates?: number;
  minScore?: number;
  updateUnits?: number;
  minWinners?: number;
  bounty?: bigint;
  blockBps?: number;
}

export interface Pledge {
  proposer: Hex;
  pledge: Hex;
  deed: Deed;
}

export interface Proposal {
  updateNumber: number;
  proposer: Hex;
  digest: Hex;
  samples: bigint;
  epochs: bigint;
  deed: Deed;
}

export interface Vote {
  voter: Hex;
  commitment: Hex;
  committed: Deed;
  revealed?: { ballot: Hex; salt: Hex; deed: Deed };
}

export interface Publication {
  publisher: Hex;
  digest: Hex;
  selection: bigint;
  deed: Deed;
}

/** What decides whether a proposer's update is a decoy, as the contract says. */
export interface Lot {
  proposer: Hex;
  secret: Hex;
  decoy: boolean;
  deed: Deed;
}

/** That a drawn member did nothing in the round, the last of `missed` such rounds in a row. */
export interface Absence {
  account: Hex;
  missed: number;
  deed: Deed;
}

export interface Settlement {
  outcome: number;
  candidate: Hex;
  head: Hex;
  votesFor: bigint;
  votesAgainst: bigint;
  proposerReward: bigint;
  voterReward: bigint;
  pool: bigint;
  deed: Deed;
}

/** A round as its events tell it, reveals and publications in their order. */
export interface Story {
  round: number;
  opened?: { members: number; sealBlock: number; deed: Deed };
  drawn?: { seed: Hex; deed: Deed };
  pledges: Map<Hex, Pledge>;
  proposals: Proposal[];
  votes: Map<Hex, Vote>;
  reveals: { voter: Hex; ballot: Hex; deed: Deed }[];
  lots: Map<Hex, Lot>;
  publications: Publication[];
  accusations: { accuser: Hex; updateNumber: number; deed: Deed }[];
  absences: Map<Hex, Absence>;
  winner?: { account: Hex; deed: Deed };
  settled?: Settlement;
  collected: Map<Hex, { delta: bigint; stake: bigint; deed: Deed }>;
  banned: Map<Hex, Deed>;
}

export function account(value: unknown): Hex {
  return String(value).toLowerCase() as Hex;
}

/** Tells a round by its events, which may come in any order; those of other rounds are passed over. */
export function tell(round: number, deeds: readonly Deed[]): Story {
  const story: Story = {
    round, pledges: new Map(), proposals: [], votes: new Map(), reveals: [], lots: new Map(), publications: [], accusations: [], absences: new Map(),
    collected: new Map(), banned: new Map(),
  };
  for (const deed of [...deeds].sort(inOrder)) {
    if (Number(deed.args['round']) === round) add(story, deed);
  }
  return story;
}

export function inOrder(left: Deed, right: Deed): number {
  return left.block - right.block || left.index - right.index;
}

function add(story: Story, deed: Deed): void {
  const { args } = deed;
  const big = (name: string): bigint => args[name] as bigint;
  const bytes = (name: string): Hex => args[name] as Hex;
  switch (deed.name) {
    case 'Opened':
      story.opened = { members: Number(big('members')), sealBlock: Number(big('sealBlock')), deed };
      break;
    case 'Drawn':
      story.drawn = { seed: bytes('seed'), deed };
      break;
    case 'Pledged': {
      const proposer = account(args['proposer']);
      story.pledges.set(proposer, { proposer, pledge: bytes('pledge'), deed });
      break;
    }
    case 'Proposed':
      story.proposals.push({
        updateNumber: Number(big('updateNumber')), proposer: account(args['proposer']), digest: bytes('digest'),
        samples: big('samples'), epochs: big('epochs'), deed,
      });
      break;
    case 'Committed': {
      const voter = account(args['voter']);
      story.votes.set(voter, { voter, commitment: bytes('commitment'), committed: deed });
      break;
    }
    case 'Revealed': {
      const [voter, ballot] = [account(args['voter']), bytes('ballot')];
      const vote = story.votes.get(voter);
      if (vote) vote.revealed = { ballot, salt: bytes('salt'), deed };
      story.reveals.push({ voter, ballot, deed });
      break;
    }
    case 'Shown': {
      const proposer = account(args['proposer']);
      story.lots.set(proposer, { proposer, secret: bytes('secret'), decoy: args['decoy'] === true, deed });
      break;
    }
    case 'Published':
      story.publications.push({ publisher: account(args['publisher']), digest: bytes('digest'), selection: big('selection'), deed });
      break;
    case 'Accused':
      story.accusations.push({ accuser: account(args['accuser']), updateNumber: Number(big('updateNumber')), deed });
      break;
    case 'Missed': {
      const who = account(args['account']);
      story.absences.set(who, { account: who, missed: Number(big('missed')), deed });
      break;
    }
    case 'BlockWon':
      story.winner = { account: account(args['winner']), deed };
      break;
    case 'Settled':
      story.settled = {
        outcome: Number(args['outcome']), candidate: bytes('candidate'), head: bytes('head'), votesFor: big('votesFor'),
        votesAgainst: big('votesAgainst'), proposerReward: big('proposerReward'), voterReward: big('voterReward'),
        pool: big('pool'), deed,
      };
      break;
    case 'Collected':
      story.collected.set(account(args['account']), { delta: big('delta'), stake: big('stake'), deed });
      break;
    case 'Banned':
      story.banned.set(account(args['account']), deed);
      break;
  }
}

/** The proposers who pledged an update and proposed none. */
export function brokenOf(story: Story): Hex[] {
  const proposed = new Set(story.proposals.map(({ proposer }) => proposer));
  return [...story.pledges.keys()].filter((proposer) => !proposed.has(proposer));
}
