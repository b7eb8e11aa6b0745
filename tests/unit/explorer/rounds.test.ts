/** Rounds as the page tells and judges them, against the specification's histories (tests/unit/explorer/test_core.py). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkAbsences, checkLots, checkPledges, checkVotes } from '../../../deploy/explorer/app/core/checks.ts';
import type { Hex } from '../../../deploy/explorer/app/core/cid.ts';
import { positionsOf } from '../../../deploy/explorer/app/core/draw.ts';
import { isForAbsence } from '../../../deploy/explorer/app/core/duty.ts';
import { duesOf, fewestOf, judge, rolesAt, seatOf, wantedOf } from '../../../deploy/explorer/app/core/judge.ts';
import { account, brokenOf, tell, type Deed, type Mechanism, type Story, type Terms } from '../../../deploy/explorer/app/core/model.ts';
import { Registry } from '../../../deploy/explorer/app/core/registry.ts';

type Value = Hex | boolean | { whole: string } | Value[];

interface History {
  mechanism: Mechanism;
  chain: number;
  federation: Hex;
  terms: Record<string, Value>;
  schedule: Terms['schedule'];
  events: { name: string; block: number; transaction: Hex; args: Record<string, Value> }[];
}

const file = process.env['FEDJURY_VECTORS'];
assert.ok(file, 'FEDJURY_VECTORS names the file of vectors');
const { histories } = JSON.parse(readFileSync(file, 'utf8')) as { histories: History[] };
const AMOUNTS = ['bond', 'floor', 'proposerStake', 'voterStake', 'bounty'];
const LARGEST = 2n ** 96n - 1n;

function whole(value: Value): unknown {
  if (Array.isArray(value)) return value.map(whole);
  return typeof value === 'object' ? BigInt(value.whole) : value;
}

function termsOf({ terms, schedule }: History): Terms {
  const named = Object.entries(terms).map(([key, value]) => {
    const name = key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    const made = whole(value);
    return [name, typeof made === 'bigint' && !AMOUNTS.includes(name) ? Number(made) : made];
  });
  return { ...Object.fromEntries(named), schedule } as Terms;
}

function deedsOf({ events }: History): Deed[] {
  return events.map(({ name, block, transaction, args }, index) => ({
    name, block, transaction, index, blockHash: '0x', args: Object.fromEntries(Object.entries(args).map(([key, value]) => [key, whole(value)])),
  }));
}

interface Played {
  history: History;
  terms: Terms;
  story: Story;
  roleOf: (account: Hex) => string | undefined;
}

/** Every round of the histories, with the roles that the draw gave. */
function* rounds(): Generator<Played> {
  for (const history of histories) {
    const [terms, deeds] = [termsOf(history), deedsOf(history)];
    const registry = new Registry({
      ...terms, founders: (terms.founders ?? []).map(account), fewest: fewestOf(history.mechanism, terms),
    });
    for (const deed of deeds) {
      if (['Joined', 'Left', 'Evicted', 'Postponed'].includes(deed.name)) registry.follow(deed.name, account(deed.args['account']));
      if (deed.name !== 'Opened') continue;
      registry.follow(deed.name, '0x');
      const story = tell(Number(deed.args['round']), deeds);
      const members = registry.accounts.slice(0, registry.inside);
      const positions = story.drawn ? positionsOf(story.drawn.seed, members.length) : [];
      const roles = new Map(members.map((one, place) => [one, rolesAt(history.mechanism, terms, members.length, positions[place] ?? members.length)]));
      yield { history, terms, story, roleOf: (one) => roles.get(one) };
    }
  }
}

const played = [...rounds()];

test('a round comes to what the specification settles, and is worth to each what it books', () => {
  let booked = 0;
  for (const { history: { mechanism }, terms, story, roleOf } of played) {
    if (!story.settled) continue;
    const judged = judge(mechanism, terms, story);
    assert.equal(story.settled.outcome, judged.outcome, mechanism);
    const dues = duesOf(mechanism, terms, story, judged, roleOf);
    for (const [who, { delta, stake }] of story.collected) {
      const due = dues.get(who) ?? -1n;
      // a stake that would grow above the largest one is cut
      assert.equal(stake === LARGEST && due > delta ? delta : due, delta, `${mechanism}, round ${story.round}, ${who}`);
      booked += 1;
    }
  }
  assert.ok(booked > 200, `${booked} bookings`);
});

test('what a jury makes of updates and of its own seats is what the specification books', () => {
  const seen = new Set<string>();
  for (const { history: { mechanism }, terms, story, roleOf } of played) {
    const { settled } = story;
    if (!settled || mechanism !== 'stake_jury') continue;
    const judged = judge(mechanism, terms, story);
    assert.equal(judged.judged & (judged.selection | judged.blamed), judged.selection | judged.blamed);
    assert.equal(judged.selection & judged.blamed, 0n);
    const decided = settled.outcome !== 3;
    const pay = settled.proposerReward;
    for (const { proposer, updateNumber } of story.proposals) {
      const is = (bitmap: bigint): boolean => ((bitmap >> BigInt(updateNumber)) & 1n) === 1n;
      const decoy = is(judged.decoys & judged.judged);
      assert.equal(decoy && is(judged.selection | judged.blamed), false, 'a decoy makes no model and costs nothing');
      const fate = decoy ? 'a decoy' : is(judged.passed & judged.unshown) ? 'not shown' : is(judged.selection) ? 'passed' : is(judged.blamed) ? 'clearly rejected' : is(judged.judged) ? 'not passed' : 'not judged';
      const [delta, stake] = [story.collected.get(proposer)?.delta, story.collected.get(proposer)?.stake];
      if (delta === undefined || stake === LARGEST) continue;
      const earned = { 'a decoy': pay * BigInt(terms.updateShares ?? 0), 'not shown': 0n, passed: pay * BigInt(terms.updateShares ?? 0), 'clearly rejected': -(terms.proposerStake ?? 0n), 'not passed': 0n, 'not judged': 0n }[fate];
      assert.equal(delta, decided ? earned : 0n, fate);
      seen.add(decided ? fate : `${fate}, undecided`);
    }
    for (const voter of story.votes.keys()) {
      const seat = seatOf(story, judged, voter);
      const [delta, stake] = [story.collected.get(voter)?.delta, story.collected.get(voter)?.stake];
      if (delta === undefined || stake === LARGEST) continue;
      const free = seat === 'undecided' || seat === 'excused';
      assert.equal(delta, seat === 'paid' ? pay * BigInt(terms.seatShares ?? 0) : free ? 0n : -(terms.voterStake ?? 0n), seat);
      seen.add(seat);
      if (seat !== 'paid' && seat !== 'excused') continue;
      const kept = { ...story, publications: story.publications.filter(({ publisher }) => publisher !== voter) };
      assert.equal(seatOf(kept, judged, voter), 'not published');
      assert.equal(duesOf(mechanism, terms, kept, judged, roleOf).get(voter), -(terms.voterStake ?? 0n));
    }
  }
  const all = ['a decoy', 'not shown', 'passed', 'clearly rejected', 'not passed', 'not judged', 'clearly rejected, undecided', 'paid', 'undecided', 'excused', 'never revealed', 'disagrees', 'published another'];
  for (const one of all) assert.ok(seen.has(one), `${one} of ${[...seen].join(', ')}`);
});

/** A round of two updates and five jurors; each pair is a ballot: which are good, and which it could have. */
function juryOf(ballots: [number, number][]): Story {
  const who = (place: number): Hex => `0x${place.toString(16).padStart(40, '0')}`;
  const word = (bits: number): string => bits.toString(16).padStart(64, '0');
  const named: [string, Record<string, unknown>][] = [
    ['Opened', { members: 7n, sealBlock: 1n }],
    ...[0, 1].map((one): [string, Record<string, unknown>] => ['Proposed', { updateNumber: BigInt(one), proposer: who(one + 100), digest: '0x', samples: 1n, epochs: 1n }]),
    ...ballots.map((_, one): [string, Record<string, unknown>] => ['Committed', { voter: who(one), commitment: '0x' }]),
    ...ballots.map(([good, had], one): [string, Record<string, unknown>] => ['Revealed', { voter: who(one), ballot: `0x${word(good)}${word(had)}`, salt: '0x' }]),
    ...ballots.map((_, one): [string, Record<string, unknown>] => ['Published', { publisher: who(one), digest: `0x${'7'.repeat(64)}`, selection: 0n }]),
  ];
  return tell(1, named.map(([name, args], index) => ({ name, args: { ...args, round: 1n }, block: 1, index, blockHash: '0x', transaction: '0x' })));
}

test('a jury worked by hand: three quarters are a clear rejection, and what few could have is not judged', () => {
  const terms = { proposers: 2, voters: 0 } as Terms;
  // update 0: four could have it, one finds it good; update 1: two of five could have it
  const story = juryOf([[1, 3], [0, 1], [2, 3], [0, 1], [0, 0]]);
  const judged = judge('stake_jury', terms, story);
  assert.deepEqual([judged.judged, judged.selection, judged.blamed], [1n, 0n, 1n]);
  assert.deepEqual(judged.opinions, [{ had: 4, good: 1 }, { had: 2, good: 1 }]);
  // of the first juror's two updates only the judged one counts, in which it is wrong; the third is right in it
  const seats = [...story.votes.keys()].map((voter) => seatOf(story, judged, voter));
  assert.deepEqual(seats, ['disagrees', 'paid', 'paid', 'paid', 'excused']);
  // one more who finds it good: no clear rejection; at half it doesn't pass yet, and above it does
  assert.deepEqual(fateOf([[1, 1], [1, 1], [0, 1], [0, 1], [0, 0]]), [1n, 0n, 0n]);
  assert.deepEqual(fateOf([[1, 1], [1, 1], [1, 1], [0, 1], [0, 0]]), [1n, 1n, 0n]);
  assert.deepEqual(fateOf([[1, 1], [1, 1], [1, 1], [0, 0], [0, 0]]), [1n, 1n, 0n]);
  assert.deepEqual(fateOf([[1, 1], [1, 1], [0, 0], [0, 0], [0, 0]]), [0n, 0n, 0n]);

  function fateOf(ballots: [number, number][]): bigint[] {
    const made = judge('stake_jury', terms, juryOf(ballots));
    return [made.judged, made.selection, made.blamed];
  }
});

test('lots are told as secrets and seeds say, and altered ones are not', () => {
  let altered = 0;
  for (const { terms, story } of played) {
    const odds = terms.decoyOdds ?? 0;
    assert.equal(checkLots(odds, story).good, true);
    for (const [who, lot] of story.lots) {
      const change = (changes: object): Story => ({ ...story, lots: new Map([...story.lots, [who, { ...lot, ...changes }]]) });
      assert.equal(checkLots(odds, change({ decoy: !lot.decoy })).good, false);
      altered += 1;
    }
  }
  assert.ok(altered > 5, `${altered} lots`);
});

test('whoever is reported as absent did nothing in a round with a quorum and had a seat, and other reports are not good', () => {
  let told = 0;
  let altered = 0;
  let early = 0;
  for (const { history: { mechanism }, terms, story, roleOf } of played) {
    const { voters } = wantedOf(mechanism, terms, story.opened?.members ?? 0);
    const check = (of: Story, roles?: typeof roleOf): boolean | undefined => checkAbsences(of, voters, roles).good;
    assert.equal(check(story, roleOf), true);
    told += story.absences.size;
    const last = story.reveals.at(-1)?.deed;
    if (!last) continue;
    const report = (who: Hex, after = last): Story => ({ ...story, absences: new Map([[who, { account: who, missed: 1, deed: { ...after, index: after.index + 0.5 } }]]) });
    const acted = [...story.votes.keys(), ...story.pledges.keys(), ...story.proposals.map(({ proposer }) => proposer), ...[...story.lots.values()].filter(({ deed }) => deed.index < last.index).map(({ proposer }) => proposer)];
    for (const who of acted) {
      assert.equal(check(report(who)), false, 'it had acted');
      altered += 1;
    }
    const stranger: Hex = `0x${'99'.repeat(20)}`;
    assert.equal(check(report(stranger), roleOf), false, 'it had no seat');
    for (const [before, { deed }] of story.reveals.entries()) {
      const quorum = 2 * (before + 1) > voters;
      assert.equal(check(report(stranger, deed)), quorum, 'roles are not known, and the quorum decides');
      early += Number(!quorum);
    }
  }
  assert.ok(told > 20 && altered > 100 && early > 20, `${told} told, ${altered} altered, ${early} early`);
});

test('an eviction for absence is told from one for a ban', () => {
  const seen = { absent: 0, banned: 0, back: 0 };
  for (const history of histories) {
    const deeds = deedsOf(history);
    for (const evicted of deeds.filter(({ name }) => name === 'Evicted')) {
      const who = account(evicted.args['account']);
      const absent = isForAbsence(evicted, deeds);
      const back = deeds.some(({ name, args, index }) => name === 'Joined' && account(args['account']) === who && index > evicted.index);
      seen[absent ? 'absent' : 'banned'] += 1;
      if (absent) assert.equal(history.mechanism, 'stake_jury');
      if (back) {
        assert.ok(absent, 'a ban is for good');
        seen.back += 1;
      }
    }
  }
  assert.ok(Math.min(seen.absent, seen.banned, seen.back) > 3, JSON.stringify(seen));
});

test('a broken pledge costs what the rules say, in every outcome', () => {
  const seen = new Set<string>();
  for (const { history: { mechanism }, terms, story, roleOf } of played) {
    const broken = brokenOf(story);
    assert.equal(broken.length, story.pledges.size ? story.pledges.size - story.proposals.length : 0);
    if (!story.settled || !broken.length) continue;
    const dues = duesOf(mechanism, terms, story, judge(mechanism, terms, story), roleOf);
    const others = new Set([...story.votes.keys(), ...story.publications.map(({ publisher }) => publisher)]);
    for (const who of broken.filter((one) => !others.has(one))) {
      assert.equal(dues.get(who), ['stake_vote', 'stake_jury'].includes(mechanism) ? -(terms.proposerStake ?? 0n) : 0n);
      seen.add(`${mechanism} ${story.settled.outcome}`);
    }
  }
  for (const one of ['stake_vote 1', 'stake_vote 2', 'stake_vote 3', 'stake_jury 1', 'stake_jury 2', 'stake_jury 3', 'vbfl 3', 'bflc 2']) assert.ok(seen.has(one), `${one} of ${[...seen].join(', ')}`);
});

test('ballots, verdicts and pledges that keep to the rules are checked as good, and altered updates are not', () => {
  let altered = 0;
  for (const { history: { chain, federation, mechanism }, terms, story } of played) {
    const checks = checkVotes(chain, federation, story, judge(mechanism, terms, story));
    if (story.settled) assert.ok(checks.every(({ good }) => good), JSON.stringify(checks));
    if (!terms.schedule.pledge) {
      assert.equal(story.pledges.size, 0);
      continue;
    }
    assert.equal(checkPledges(chain, federation, story).good, true);
    const [first, ...more] = story.proposals;
    if (!first) continue;
    const other = more.find(({ proposer }) => proposer !== first.proposer)?.proposer;
    const changes = [{ digest: `0x${'1'.repeat(64)}` as Hex }, { samples: first.samples + 1n }, { epochs: first.epochs + 1n }, ...(other ? [{ proposer: other }] : [])];
    for (const change of changes) {
      const check = checkPledges(chain, federation, { ...story, proposals: [{ ...first, ...change }, ...more] });
      assert.equal(check.good, false, JSON.stringify(Object.keys(change)));
      altered += 1;
    }
    assert.equal(checkPledges(chain, federation, { ...story, pledges: new Map() }).good, false);
  }
  assert.ok(altered > 10, `${altered} altered`);
});
