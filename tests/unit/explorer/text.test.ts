/** Text, addresses, caches and forks: what needs no vectors. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cache } from '../../../deploy/explorer/app/core/cache.ts';
import { cidOf, ZERO32, type Hex } from '../../../deploy/explorer/app/core/cid.ts';
import { describeMissed } from '../../../deploy/explorer/app/core/duty.ts';
import { Trail, type Block } from '../../../deploy/explorer/app/core/fork.ts';
import { formatHash, parseHash, url, type Page } from '../../../deploy/explorer/app/core/route.ts';
import { amount, brief, bytes, clean, measure, time } from '../../../deploy/explorer/app/core/text.ts';

test("a stranger's text is printable, on one line and short", () => {
  assert.equal(clean('a\nb\u202ec\u0000d\u2028e\ufefff'), 'a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf');
  assert.equal(clean('<b>&"'), '<b>&"');
  assert.equal(clean('x'.repeat(1e6)).length, 80);
  assert.equal(clean('\u{1f600}'.repeat(100), 10), `${'\u{1f600}'.repeat(9)}…`);
  assert.equal(clean({ toString: () => 'odd' }), 'odd');
});

test('amounts lose no digit, and are short where they may', () => {
  assert.equal(amount(1234567000000000000000000n, 18), '1\u202f234\u202f567');
  assert.equal(amount(-1n, 18), '−0.000000000000000001');
  assert.equal(amount(0n, 18), '0');
  assert.equal(amount(5n, 0), '5');
  assert.equal(amount(2n ** 256n - 1n, 36).replaceAll('\u202f', ''), '115792089237316195423570985008687907853269.984665640564039457584007913129639935');
  assert.equal(brief(1n, 18), '1 base unit');
  assert.equal(brief(-2n, 18), '−2 base units');
  assert.equal(brief(1500000000000000000n, 18), '1.5');
  assert.equal(brief(36666666666666666666n, 18), '≈\u202f36.666667');
  assert.equal(brief(7n, 2), '0.07');
});

test('numbers that are no numbers have names', () => {
  for (const odd of [Number.NaN, Infinity, -Infinity]) assert.equal(measure(odd), String(odd));
  assert.equal(measure(0), '0');
  assert.match(time(2 ** 53), /^second /);
  assert.equal(time(0), '1970-01-01 00:00:00 UTC');
  assert.equal(bytes(2048), '2.0 KiB');
});

test('what a member missed is told with what puts it out', () => {
  assert.equal(describeMissed(0, 5, false), undefined);
  assert.equal(describeMissed(1, 5, false), 'Missed 1 round; 5 in a row put it out');
  assert.equal(describeMissed(3, 5, false), 'Missed 3 rounds in a row; 5 put it out');
  assert.match(describeMissed(5, 5, true) ?? '', /^Missed 5 rounds in a row: anybody may put it out/);
  assert.match(describeMissed(1, 1, true) ?? '', /^Missed 1 round: anybody may put it out/);
  assert.match(describeMissed(5, 5, false) ?? '', /^Missed 5 rounds in a row: it may be put out later, one member a round/);
  for (const none of [0, undefined]) assert.equal(describeMissed(2, none, false), 'Missed 2 rounds in a row');
});

test('an address of the page is read back as it was written', () => {
  const account: Hex = `0x${'ab'.repeat(20)}`;
  const place = { rpc: 'http://127.0.0.1:8545', gateway: 'https://ipfs.example/a', federation: account };
  const pages: Page[] = [
    { page: 'rounds' }, { page: 'members' }, { page: 'settings' }, { page: 'round', round: 17 }, { page: 'member', account },
    ...[undefined, `0x${'1'.repeat(64)}` as Hex].flatMap((before) => [undefined, 0, 17].map((round) => ({ page: 'model' as const, digest: ZERO32, before, round }))),
    { page: 'transaction', hash: `0x${'c'.repeat(64)}` },
  ];
  for (const page of pages) {
    for (const history of [undefined, 0, 20]) assert.deepEqual(parseHash(formatHash(page, { ...place, history })), { page, place: { ...place, history } });
  }
});

test('an address that somebody made up leads nowhere', () => {
  const nowhere = { rpc: '', gateway: '', federation: '', history: undefined };
  for (const hash of ['', '#', '#/', '#/round/1e9', '#/round/-1', `#/round/${'9'.repeat(30)}`, '#/member/0x1', '#/model/bafy', `#/model/${cidOf(ZERO32).toUpperCase()}`, '#/x?rpc=javascript:alert(1)', '#/?federation=0x12', '#/?history=-1', '#/?history=1e3', '#/?history=1000001', `#${'/'.repeat(1e5)}`, '#/%ff%fe?%ff']) {
    assert.deepEqual(parseHash(hash), { page: { page: 'rounds' }, place: nowhere }, hash.slice(0, 40));
  }
  for (const text of [null, 'ftp://a', 'http://user:secret@a/', 'data:text/html,x', '//a', 'http://', 'javascript:alert(1)']) assert.equal(url(text), '', String(text));
});

test('a cache has a bound, and forgets what came after a fork', () => {
  const cache = new Cache<number, string>(3);
  for (const key of [1, 2, 3]) cache.set(key, `value ${key}`, key * 10);
  assert.equal(cache.get(1), 'value 1');
  cache.set(4, 'value 4', 40);
  assert.equal(cache.size, 3);
  assert.equal(cache.get(2), undefined);
  cache.forget(20);
  assert.deepEqual([1, 3, 4].map((key) => cache.get(key)), ['value 1', undefined, undefined]);
});

test('a trail leads back to the last block that stayed', async () => {
  const block = (number: number, fork = 0): Block => ({ number, hash: `0x${fork}${number}`, time: number });
  const trail = new Trail();
  for (const number of [1, 2, 5, 9]) trail.note(block(number));
  assert.equal(await trail.back(({ number }) => Promise.resolve(number <= 4)), 2);
  assert.equal(trail.tip?.number, 2);
  trail.note(block(7, 1));
  trail.note(block(3, 2));
  assert.deepEqual(trail.remembered.map(({ number }) => number), [3, 2, 1]);
  assert.equal(await trail.back(() => Promise.resolve(false)), -1);
  assert.equal(trail.tip, undefined);
  for (let number = 0; number < 1000; number++) trail.note(block(number));
  assert.ok(trail.remembered.length <= 128);
});
