/** The page's pure core against what the Python side makes of the same inputs (tests/unit/explorer/test_core.py). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Average } from '../../../deploy/explorer/app/core/aggregate.ts';
import { cidOf, digestOf, fileDigest, unhex, type Hex } from '../../../deploy/explorer/app/core/cid.ts';
import { mixOf, positionsOf, seedOf } from '../../../deploy/explorer/app/core/draw.ts';
import { commitment, pledgeOf } from '../../../deploy/explorer/app/core/hashing.ts';
import { describeGone, describeKept, judgeAbsence, mayBeGone } from '../../../deploy/explorer/app/core/keeping.ts';
import { Registry, type Limit } from '../../../deploy/explorer/app/core/registry.ts';
import { BadModel, byCodePoint, encode, readSchema, readWeights } from '../../../deploy/explorer/app/core/safetensors.ts';

interface Vectors {
  files: { size: number; seed: number; digest: Hex; cid: string }[];
  registries: { limit: Limit; events: [string, Hex][]; accounts: Hex[]; inside: number }[];
  draws: { seed: Hex; members: number; positions: number[] }[];
  seeds: { entropy: Hex; mix: Hex; round: number; seed: Hex }[];
  mixes: { voter: Hex; salt: Hex; mix: Hex }[];
  commitments: { chain: number; federation: Hex; round: number; voter: Hex; ballot: Hex; salt: Hex; commitment: Hex }[];
  pledges: { chain: number; federation: Hex; round: number; proposer: Hex; digest: Hex; samples: number; epochs: number; pledge: Hex }[];
  averages: { updates: { file: Hex; samples: number }[]; file: Hex; digest: Hex; names: string[] }[];
  bad: { file: Hex; why: string }[];
  sorted: string[];
  kept: { round: number; settled: number; history: number | null; gone: boolean; kept: string; sentence: string }[];
}

const file = process.env['FEDJURY_VECTORS'];
assert.ok(file, 'FEDJURY_VECTORS names the file of vectors');
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;

function run<Value>(work: Generator<void, Value>): Value {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/** The bytes that `pattern` in test_core.py gives. */
function pattern(size: number, seed: number): Uint8Array {
  const data = new Uint8Array(size);
  for (let at = 0; at < size; at++) data[at] = (at * 31 + seed * 7 + (at >> 8)) & 0xff;
  return data;
}

test('files have the digests and CIDs that Kubo gives them', () => {
  for (const { size, seed, digest, cid } of vectors.files) {
    assert.equal(fileDigest(pattern(size, seed)), digest, `${size} B`);
    assert.equal(cidOf(digest), cid);
    assert.equal(digestOf(cid), digest);
  }
});

test('texts that are no CID in its one spelling are refused', () => {
  const [{ cid } = { cid: '' }] = vectors.files;
  for (const text of ['', 'b', cid.toUpperCase(), `${cid}a`, cid.slice(0, -1), `Qm${cid.slice(2, 46)}`, `z${cid.slice(1)}`, '<script>']) {
    assert.equal(digestOf(text), undefined, text);
  }
});

test('the registry is in the order of the specification, and has as many who are in', () => {
  for (const { limit, events, accounts, inside } of vectors.registries) {
    const registry = new Registry(limit);
    for (const [name, account] of events) registry.follow(name, account);
    assert.deepEqual(registry.accounts, accounts);
    assert.equal(registry.inside, inside);
  }
});

test('the draw is the same permutation', () => {
  for (const { seed, members, positions } of vectors.draws) assert.deepEqual(positionsOf(seed, members), positions, `${members}`);
});

test('seeds, mixes, commitments and pledges are the same hashes', () => {
  for (const { entropy, mix, round, seed } of vectors.seeds) assert.equal(seedOf(entropy, mix, round), seed);
  for (const { voter, salt, mix } of vectors.mixes) assert.equal(mixOf(voter, salt), mix);
  for (const one of vectors.commitments) {
    assert.equal(commitment(one.chain, one.federation, one.round, one.voter, one.ballot, one.salt), one.commitment);
  }
  for (const { chain, federation, round, proposer, digest, pledge, ...one } of vectors.pledges) {
    const update = { proposer, digest, samples: BigInt(one.samples), epochs: BigInt(one.epochs) };
    assert.equal(pledgeOf(chain, federation, round, update), pledge);
  }
});

test('averages have the same bytes, in any order', () => {
  for (const { updates, file: expected, digest, names } of vectors.averages) {
    const schema = readSchema(unhex(updates[0]?.file ?? '0x'));
    assert.deepEqual(schema.tensors.map(({ name }) => name), names);
    for (const order of [updates, [...updates].reverse()]) {
      const average = new Average(schema.size);
      for (const update of order) run(average.add(readWeights(unhex(update.file), schema), update.samples));
      const made = encode(run(average.divide()), schema);
      assert.deepEqual(made, unhex(expected));
      assert.equal(fileDigest(made), digest);
    }
  }
});

test("files that are no model of the federation's are refused, by name", () => {
  const schema = readSchema(unhex(vectors.averages[0]?.file ?? '0x'));
  assert.ok(vectors.bad.length > 8);
  for (const { file: bad, why } of vectors.bad) assert.throws(() => readWeights(unhex(bad), schema), BadModel, why);
});

test('names are sorted by code points', () => {
  assert.deepEqual([...vectors.sorted].reverse().sort(byCodePoint), vectors.sorted);
});

test('counts of samples are held to their bounds', () => {
  const average = new Average(1);
  for (const samples of [0, -1, 1.5, Number.NaN, 2 ** 31]) assert.throws(() => run(average.add(Float32Array.of(1), samples)), RangeError);
  assert.throws(() => run(average.divide()), RangeError);
  assert.throws(() => run(average.add(Float32Array.of(1, 2), 1)), RangeError);
});

test('what may be gone is told in the words of the audit, and what never may is not excused', () => {
  const [genesis, head, other]: Hex[] = [`0x${'1'.repeat(64)}`, `0x${'2'.repeat(64)}`, `0x${'3'.repeat(64)}`];
  for (const { round, settled, gone, kept, sentence, ...one } of vectors.kept) {
    const history = one.history ?? undefined;
    if (history !== undefined) assert.equal(mayBeGone(round, settled, history), gone);
    assert.equal(describeKept(history), kept);
    assert.equal(describeGone(round, history), sentence);
    const known = { genesis: genesis as Hex, head: head as Hex, settled, history };
    for (const never of [genesis, head]) assert.equal(judgeAbsence(never as Hex, round, known).fine, false);
    const { fine, says } = judgeAbsence(other as Hex, round, known);
    assert.equal(fine, gone);
    assert.equal(says === sentence, gone);
    assert.match(judgeAbsence(other as Hex, undefined, known).says, /kept/);
  }
});
