/** A node over JSON-RPC. What it says is checked for its form; whether it is true, no page can tell. */
import type { Hex } from '../core/cid.ts';
import type { Block } from '../core/fork.ts';
import { Asker, Refused } from './asking.ts';
import { Unreachable } from './limited.ts';

export { Refused };

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
  private readonly asker: Asker;

  constructor(url: string) {
    this.url = url;
    this.asker = new Asker(url);
  }

  request(method: string, ...params: unknown[]): Promise<unknown> {
    return this.asker.request(method, params);
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

export function table(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Unreachable('it answered with no object');
  return value as Record<string, unknown>;
}

export function integer(value: unknown): number {
  // some nodes write decimals, as text or as numbers
  const text = typeof value === 'number' ? String(value) : value;
  const number = typeof text === 'string' && /^(0x[0-9a-fA-F]{1,64}|[0-9]{1,78})$/.test(text) ? Number(text) : Number.NaN;
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
