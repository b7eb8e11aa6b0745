/** A node over JSON-RPC. What it says is checked for its form; whether it is true, no page can tell. */
import { createClient, http, RpcRequestError, type Client } from 'viem';
import type { Hex } from '../core/cid.ts';
import type { Block } from '../core/fork.ts';
import { clean } from '../core/text.ts';
import { fetchBytes, Missing, Unreachable } from './limited.ts';

const ANSWER_BYTES = 32 * 2 ** 20;
const TIMEOUT = 20_000;
const BATCH = 50;

/** The node refuses: a revert, a range too large, a method that it lacks. */
export class Refused extends Error {
  override name = 'Refused';
}

export interface Log {
  topics: Hex[];
  data: Hex;
  block: number;
  blockHash: Hex;
  index: number;
  transaction: Hex;
}

export class Rpc {
  readonly url: string;
  private readonly client: Client;

  constructor(url: string) {
    this.url = url;
    const transport = http(url, { batch: { batchSize: BATCH }, retryCount: 0, timeout: TIMEOUT, fetchFn: limitedFetch });
    this.client = createClient({ transport });
  }

  async request(method: string, ...params: unknown[]): Promise<unknown> {
    try {
      return await this.client.request({ method, params } as never);
    } catch (error) {
      const refusal = find(error, (one): one is RpcRequestError => one instanceof RpcRequestError);
      if (refusal) throw new Refused(clean(refusal.details || refusal.shortMessage, 200));
      const known = find(error, (one): one is Error => one instanceof Unreachable || one instanceof Missing);
      throw new Unreachable(clean(known?.message ?? 'no answer', 200));
    }
  }

  async call(to: Hex, data: Hex, block?: number): Promise<Hex> {
    return bytes(await this.request('eth_call', { to, data }, block === undefined ? 'latest' : quantity(block)));
  }

  async block(number: number | 'latest'): Promise<Block | undefined> {
    const answer = await this.request('eth_getBlockByNumber', number === 'latest' ? number : quantity(number), false);
    if (answer === null) return undefined;
    const block = table(answer);
    return { number: integer(block['number']), hash: digest(block['hash']), time: integer(block['timestamp']) };
  }

  async logs(address: Hex, topics: (Hex | Hex[] | null)[], first: number, last: number): Promise<Log[]> {
    const answer = await this.request('eth_getLogs', { address, topics, fromBlock: quantity(first), toBlock: quantity(last) });
    if (!Array.isArray(answer)) throw new Unreachable('its logs are no list');
    return answer.map(table).flatMap((log) => {
      const block = integer(log['blockNumber']);
      const ours = String(log['address']).toLowerCase() === address && block >= first && block <= last;
      if (!ours || log['removed'] === true || !Array.isArray(log['topics'])) return [];
      return [{
        topics: log['topics'].map((topic) => digest(topic)), data: bytes(log['data']), block, blockHash: digest(log['blockHash']),
        index: integer(log['logIndex']), transaction: digest(log['transactionHash']),
      }];
    }).sort((a, b) => a.block - b.block || a.index - b.index);
  }
}

async function limitedFetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const where = input instanceof Request ? input.url : String(input);
  return new Response(await fetchBytes(where, ANSWER_BYTES, { ...init, timeout: TIMEOUT }), { headers: { 'content-type': 'application/json' } });
}

function find<Found extends Error>(error: unknown, is: (one: unknown) => one is Found): Found | undefined {
  for (let one = error, depth = 0; one instanceof Error && depth < 10; one = one.cause, depth++) if (is(one)) return one;
  return undefined;
}

export function table(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Unreachable('it answered with no object');
  return value as Record<string, unknown>;
}

export function integer(value: unknown): number {
  const number = typeof value === 'string' && /^0x[0-9a-fA-F]{1,64}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw new Unreachable('it answered with no whole number');
  return number;
}

export function big(value: unknown): bigint {
  if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{1,64}$/.test(value)) throw new Unreachable('it answered with no whole number');
  return BigInt(value);
}

export function bytes(value: unknown): Hex {
  if (typeof value !== 'string' || !/^0x([0-9a-fA-F]{2})*$/.test(value)) throw new Unreachable('it answered with no bytes');
  return value.toLowerCase() as Hex;
}

function digest(value: unknown): Hex {
  const found = bytes(value);
  if (found.length !== 66) throw new Unreachable('it answered with no 32 bytes');
  return found;
}

function quantity(value: number): Hex {
  return `0x${value.toString(16)}`;
}
