/** Rounds as the page tells and judges them, against the specification's histories (tests/unit/explorer/test_core.py). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkPledges, checkVotes } from '../../../deploy/explorer/app/core/checks.ts';
import type { Hex } from '../../../deploy/explorer/app/core/cid.ts';
import { positionsOf } from '../../../deploy/explorer/app/core/draw.ts';
import { duesOf, judge, rolesAt } from '../../../deploy/explorer/app/core/judge.ts';
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
const AMOUNTS = ['bond', 'proposerStake', 'voterStake', 'bounty'];
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
    const registry = new Registry({ ...terms, founders: (terms.founders ?? []).map(account) });
    for (const deed of deeds) {
      if (['Joined', 'Left', 'Evicted'].includes(deed.name)) registry.follow(deed.name, account(deed.args['account']));
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

test('a broken pledge costs what the rules say, in every outcome', () => {
  const seen = new Set<string>();
  for (const { history: { mechanism }, terms, story, roleOf } of played) {
    const broken = brokenOf(story);
    assert.equal(broken.length, story.pledges.size ? story.pledges.size - story.proposals.length : 0);
    if (!story.settled || !broken.length) continue;
    const dues = duesOf(mechanism, terms, story, judge(mechanism, terms, story), roleOf);
    const others = new Set([...story.votes.keys(), ...story.publications.map(({ publisher }) => publisher)]);
    for (const who of broken.filter((one) => !others.has(one))) {
      assert.equal(dues.get(who), mechanism === 'stake_vote' ? -(terms.proposerStake ?? 0n) : 0n);
      seen.add(`${mechanism} ${story.settled.outcome}`);
    }
  }
  for (const one of ['stake_vote 1', 'stake_vote 2', 'stake_vote 3', 'vbfl 3', 'bflc 2']) assert.ok(seen.has(one), `${one} of ${[...seen].join(', ')}`);
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
