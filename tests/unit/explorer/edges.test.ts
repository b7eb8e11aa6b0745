/** Nodes that refuse long ranges, and answers that don't end. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
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
