/** Nodes that refuse long ranges, and answers that don't end. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { Asker, limitOf } from '../../../deploy/explorer/app/edges/asking.ts';
import { fetchBytes, isAbsent, Missing, Unreachable } from '../../../deploy/explorer/app/edges/limited.ts';
import { LogReader } from '../../../deploy/explorer/app/edges/logs.ts';
import { Refused, Rpc, type Log } from '../../../deploy/explorer/app/edges/rpc.ts';

const ADDRESS = `0x${'1'.repeat(40)}` as const;

function log(block: number): Log {
  return { topics: [], data: '0x', block, blockHash: '0x', index: 0, transaction: '0x' };
}

/** A node with a log a block, which gives `most` blocks at a time. */
function node(most: number, asked: [number, number][]): Rpc {
  const logs = (_: unknown, __: unknown, first: number, last: number): Promise<Log[]> => {
    asked.push([first, last]);
    if (last - first + 1 > most) return Promise.reject(new Refused('block range is too large'));
    return Promise.resolve(Array.from({ length: last - first + 1 }, (_, at) => log(first + at)));
  };
  return { logs } as unknown as Rpc;
}

test('ranges shrink to what a node gives, and every block is read once', async () => {
  for (const most of [1, 7, 1000, 1e9]) {
    const asked: [number, number][] = [];
    const reader = new LogReader(node(most, asked), ADDRESS);
    const read: number[] = [];
    await reader.read([], 5, 1500, (logs) => void read.push(...logs.map(({ block }) => block)));
    assert.deepEqual(read, Array.from({ length: 1496 }, (_, at) => at + 5));
    const refused = asked.filter(([first, last]) => last - first + 1 > most).length;
    assert.ok(refused <= 18, `${refused} refusals`);
  }
});

test('a node that refuses a single block is told of', async () => {
  await assert.rejects(new LogReader(node(0, []), ADDRESS).read([], 0, 9, () => undefined), Refused);
});

const server = createServer((asked, answer) => {
  if (asked.url === '/gone') answer.writeHead(404).end();
  else if (asked.url === '/late') answer.writeHead(504).end();
  else if (asked.url === '/broken') answer.writeHead(502).end();
  else if (asked.url === '/endless') {
    const timer = setInterval(() => answer.write('x'.repeat(10_000)), 1);
    answer.on('close', () => clearInterval(timer));
  } else if (asked.url === '/silent') void 0;
  else if (asked.url === '/odd') answer.end('{"jsonrpc":"2.0","id":0,"result":{"number":"<script>"}}');
  else answer.end('12345');
});
let url = '';

type Call = { id: number; method: string; params: unknown[] };

/** Asks for the numbers up to `count` of a node that answers as `say` does, given the calls and how many came before. */
async function askMany(count: number, say: (calls: Call[], batch: boolean, before: number) => [number, unknown]): Promise<{ found: unknown[]; sizes: number[]; pauses: number[] }> {
  const sizes: number[] = [];
  const pauses: number[] = [];
  const node = createServer((asked, answer) => {
    const parts: Buffer[] = [];
    asked.on('data', (part: Buffer) => void parts.push(part)).on('end', () => {
      const body = JSON.parse(Buffer.concat(parts).toString()) as Call | Call[];
      const calls = Array.isArray(body) ? body : [body];
      const [status, said] = say(calls, Array.isArray(body), sizes.push(calls.length) - 1);
      answer.writeHead(status).end(typeof said === 'string' ? said : JSON.stringify(said));
    });
  });
  await new Promise<void>((done) => node.listen(0, '127.0.0.1', done));
  const asker = new Asker(`http://127.0.0.1:${(node.address() as AddressInfo).port}`, (ms) => (pauses.push(ms), Promise.resolve()));
  try {
    const asked = Array.from({ length: count }, (_, number) => asker.request('eth_x', [number]).catch((error: Error) => error.message));
    return { found: await Promise.all(asked), sizes, pauses };
  } finally {
    node.closeAllConnections();
    node.close();
  }
}

const truth = ({ id, params }: Call): object =>
  Number(params[0]) % 5 === 1 ? { id, error: { code: 3, message: `revert ${params[0]}` } }
    : Number(params[0]) % 5 === 2 ? { id, error: { code: -32601, message: 'no such method' } } : { id, result: params[0] };
const expected = (count: number): unknown[] =>
  Array.from({ length: count }, (_, one) => (one % 5 === 1 ? `revert ${one}` : one % 5 === 2 ? 'no such method' : one));
const honest = (calls: Call[], batch: boolean): [number, unknown] => [200, batch ? calls.map(truth).reverse() : truth(calls[0]!)];

test('a batch gives what single requests give, whatever limits it', async () => {
  const error = { code: -32600, message: 'batch too large' };
  const ways: Record<string, (calls: Call[]) => [number, unknown]> = {
    each: (calls) => [200, calls.map(({ id }) => ({ id, error: { code: -32600, message: 'not on your plan' } }))],
    named: (calls) => [200, calls.map(({ id }) => ({ id, error }))],
    whole: () => [200, { id: null, error }],
    first: (calls) => [200, [{ id: calls[0]!.id, error }]],
    nameless: () => [200, [{ id: null, error }]],
    cut: (calls) => [200, calls.slice(0, 3).map(truth)],
    status: () => [413, ''],
    'status with words': () => [500, { error: { code: 31, message: 'Batch of more than 3 requests are not allowed' } }],
    page: () => [200, '<html>'],
  };
  for (const [name, refuse] of Object.entries(ways)) {
    const { found, sizes } = await askMany(60, (calls, batch) => (calls.length > 3 ? refuse(calls) : honest(calls, batch)));
    assert.deepEqual(found, expected(60), name);
    if (!['each', 'cut'].includes(name)) assert.ok(sizes.filter((size) => size > 3).length <= 8, name);
  }
  const { sizes } = await askMany(60, honest);
  assert.deepEqual(sizes.filter((size) => size > 1), [50, 10]);
});

test('what a node puts off is asked again, and given up in time', async () => {
  const limit = { code: -32005, message: 'request rate limited' };
  const { found, pauses } = await askMany(60, (calls, batch, before) => {
    if (before % 3 === 0) return before % 2 ? [429, 'slow down'] : [200, { id: null, error: limit }];
    const [status, said] = honest(calls, batch);
    return [status, Array.isArray(said) ? said.map((one: { id: number }) => (one.id % 4 ? one : { id: one.id, error: limit })) : said];
  });
  assert.deepEqual(found, expected(60));
  assert.ok(pauses.length > 0);
  const never = await askMany(3, () => [429, '']);
  assert.deepEqual(new Set(never.found), new Set(['it wants fewer requests than this page makes']));
  assert.ok(never.pauses.reduce((sum, one) => sum + one, 0) <= 3 * 30_000);
});

test('a refusal means here what it means to the clients', () => {
  const seen = JSON.parse(readFileSync(new URL('../refusals.json', import.meta.url), 'utf8')) as { about: string; code: number; message: string }[];
  for (const { about, code, message } of seen) {
    const method = about === 'logs' ? 'eth_getLogs' : 'eth_call';
    const limit = limitOf(method, code, message, about === 'batch');
    assert.equal(limit, about === 'rate' || about === 'batch' ? about : undefined, message);
  }
});

before(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

test('downloads have an end', async () => {
  assert.equal((await fetchBytes(`${url}/`, 5, { timeout: 60_000 })).length, 5);
  await assert.rejects(fetchBytes(`${url}/`, 4, { timeout: 60_000 }), Missing);
  await assert.rejects(fetchBytes(`${url}/endless`, 1_000_000, { timeout: 60_000 }), Missing);
  await assert.rejects(fetchBytes(`${url}/silent`, 1, { timeout: 50 }), Unreachable);
  await assert.rejects(fetchBytes(`${url}/gone`, 1, { timeout: 60_000 }), Missing);
  await assert.rejects(fetchBytes(`${url}/broken`, 1, { timeout: 60_000 }), Unreachable);
  // that there is nothing is another answer than none, or than too much
  for (const [path, absent] of [['gone', true], ['late', true], ['broken', false], ['', false]] as const) {
    const error: unknown = await fetchBytes(`${url}/${path}`, 1, { timeout: 60_000 }).catch((one: unknown) => one);
    assert.equal(isAbsent(error), absent, path);
    assert.equal(isAbsent(new Error('update 1', { cause: error })), absent, path);
  }
  await assert.rejects(fetchBytes('http://127.0.0.1:1/', 1, { timeout: 60_000 }), Unreachable);
});

test('what a node answers is checked for its form', async () => {
  for (const path of ['odd', '', 'gone', 'broken']) await assert.rejects(new Rpc(`${url}/${path}`).block('latest'), path);
});
