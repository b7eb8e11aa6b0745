/** A federation on a chain: its views and its events, read as of a block. */
import abi from 'fedjury:abi';
import { decodeEventLog, decodeFunctionData, decodeFunctionResult, encodeFunctionData, toEventSelector, type Abi, type AbiEvent } from 'viem';
import { ZERO32, type Hex } from '../core/cid.ts';
import { MECHANISMS, account as lower, type Deed, type Mechanism, type Terms } from '../core/model.ts';
import { clean } from '../core/text.ts';
import { LogReader, type Topics } from './logs.ts';
import { Refused, Rpc, type Log } from './rpc.ts';
import { Missing, Unreachable } from './limited.ts';

const NOBODY: Hex = `0x${'0'.repeat(40)}`;
const MEMBERS_A_CALL = 100;
const DEEDS_MAX = 50_000;
const EVENTS = abi.federation.filter((one): one is AbiEvent => one.type === 'event');
const TOPICS = new Map(EVENTS.map((event) => [event.name, toEventSelector(event)]));

export interface RoundRecord {
  round: number;
  drawnAt: number;
  members: number;
  pledges: number;
  proposals: number;
  commits: number;
  reveals: number;
  publications: number;
  outcome: number;
}

export interface Status {
  phase: number;
  round: number;
  restUntil: number;
  pledgeEnd: number;
  proposeEnd: number;
  commitEnd: number;
  revealEnd: number;
  publishEnd: number;
  members: number;
  proposers: number;
  voters: number;
  publishers: number;
  head: Hex;
  pool: bigint;
  record: RoundRecord;
}

export interface MemberView {
  account: Hex;
  stake: bigint;
  index: number;
  round: number;
  strikes: number;
  standing: number;
  balance: bigint;
  out: boolean;
  /** The earliest round that it can come in with, where it waits; else 0. */
  waitsFor: number;
  /** How many rounds in a row that it was drawn for it is reported to have missed, and the last of them. */
  missed: number;
  missedRound: number;
  /** Whether it missed so many that anybody may evict it between rounds. */
  absent: boolean;
}

type Raw = Record<string, unknown>;

export class Federation {
  readonly address: Hex;
  readonly rpc: Rpc;
  readonly chain: number;
  readonly mechanism: Mechanism;
  readonly terms: Terms;
  readonly decimals: number;
  readonly symbol: string;
  readonly reader: LogReader;

  private constructor(rpc: Rpc, address: Hex, found: { chain: number; mechanism: Mechanism; terms: Terms; decimals: number; symbol: string }) {
    this.rpc = rpc;
    this.address = address;
    this.chain = found.chain;
    this.mechanism = found.mechanism;
    this.terms = found.terms;
    this.decimals = found.decimals;
    this.symbol = found.symbol;
    this.reader = new LogReader(rpc, address);
  }

  /** Opens what is at an address; Missing where that is no federation. */
  static async open(url: string, address: Hex): Promise<Federation> {
    const rpc = new Rpc(url);
    const [id, code] = await Promise.all([rpc.request('eth_chainId'), rpc.request('eth_getCode', address, 'latest')]);
    if (code === '0x') throw new Missing(`there is no contract at ${address} on this chain`);
    const mechanism = await findMechanism(rpc, address);
    const terms = (await read(rpc, address, abi.terms[mechanism] as Abi, 'terms')) as Terms;
    const [decimals, symbol] = await Promise.all([ask(rpc, terms.token, 'decimals'), ask(rpc, terms.token, 'symbol')]);
    return new Federation(rpc, address, {
      chain: Number(id), mechanism, terms: { ...terms, token: lower(terms.token), beacon: lower(terms.beacon), managers: terms.managers.map(lower), founders: (terms.founders ?? []).map(lower) },
      decimals: typeof decimals === 'number' && decimals <= 36 ? decimals : 18, symbol: clean(symbol ?? 'tokens', 12),
    });
  }

  view(name: string, args: readonly unknown[], block?: number): Promise<unknown> {
    return read(this.rpc, this.address, abi.federation, name, args, block);
  }

  async status(block: number): Promise<Status> {
    const raw = (await this.view('status', [], block)) as Raw;
    return { ...raw, record: recordOf(Number(raw['round']), raw['record'] as Raw) } as unknown as Status;
  }

  async round(round: number, block: number): Promise<RoundRecord> {
    return recordOf(round, (await this.view('roundOf', [BigInt(round)], block)) as Raw);
  }

  async member(account: Hex, block: number): Promise<MemberView> {
    return memberOf((await this.view('memberOf', [account], block)) as Raw);
  }

  async members(count: number, block: number): Promise<MemberView[]> {
    const starts = Array.from({ length: Math.ceil(count / MEMBERS_A_CALL) }, (_, page) => page * MEMBERS_A_CALL);
    const pages = await Promise.all(starts.map((start) => this.view('members', [BigInt(start), BigInt(MEMBERS_A_CALL)], block)));
    return (pages as Raw[][]).flat().map(memberOf);
  }

  /** What the seed of a round is made of, beside the mix of what was revealed. */
  async entropy(round: number, sealBlock: number, drawn: number): Promise<Hex> {
    if (this.terms.beacon === NOBODY) return (await this.rpc.block(sealBlock))?.hash ?? ZERO32;
    const args = [BigInt(round), BigInt(sealBlock)];
    const ask = (block?: number): Promise<unknown> => read(this.rpc, this.terms.beacon, abi.beacon, 'entropy', args, block);
    // a node may have forgotten the state of that block; a beacon's word for a round doesn't change
    return (await ask(drawn).catch(() => ask())) as Hex;
  }

  /** The events of these names in a range of blocks; `words` are what is asked of their indexed values. */
  async deeds(names: readonly string[], words: (Hex | null)[], first: number, last: number): Promise<Deed[]> {
    const deeds: Deed[] = [];
    await this.reader.read(topicsOf(names, words), first, last, (logs) => {
      for (const log of logs) deeds.push(...[decode(log)].filter((deed) => deed !== undefined));
      bounded(deeds);
    });
    return deeds;
  }

  /** The same, told as they come and kept nowhere. */
  async follow(names: readonly string[], first: number, last: number, each: (deed: Deed) => void, signal?: AbortSignal): Promise<void> {
    await this.reader.read(topicsOf(names, []), first, last, (logs) => {
      for (const log of logs) {
        const deed = decode(log);
        if (deed) each(deed);
      }
    }, signal);
  }

  decodeLog(log: Log): Deed | undefined {
    return decode(log);
  }

  /** The call that a transaction's data makes, where it is one of a federation's. */
  decodeCall(data: Hex): { name: string; args: { name: string; value: unknown }[] } | undefined {
    try {
      const { functionName, args } = decodeFunctionData({ abi: abi.federation, data });
      const entry = abi.federation.find((one) => one.type === 'function' && one.name === functionName);
      const names = entry && 'inputs' in entry ? entry.inputs.map(({ name }) => name ?? '') : [];
      return { name: functionName, args: (args ?? []).map((value, at) => ({ name: names[at] ?? '', value })) };
    } catch {
      return undefined;
    }
  }
}

/** Events as they are, where a page can hold them. */
export function bounded(deeds: Deed[]): Deed[] {
  if (deeds.length > DEEDS_MAX) throw new Missing(`there are more than ${DEEDS_MAX} events, too many for a page`);
  return deeds;
}

function topicsOf(names: readonly string[], words: (Hex | null)[]): Topics {
  return [names.flatMap((name) => TOPICS.get(name) ?? []), ...words];
}

function decode(log: Log): Deed | undefined {
  try {
    const { eventName, args } = decodeEventLog({ abi: EVENTS, topics: log.topics as [Hex, ...Hex[]], data: log.data, strict: true });
    const { block, blockHash, index, transaction } = log;
    return { name: String(eventName), args: args as unknown as Raw, block, blockHash, index, transaction };
  } catch {
    return undefined; // a log that no federation of ours writes
  }
}

async function read(rpc: Rpc, to: Hex, of: Abi, functionName: string, args: readonly unknown[] = [], block?: number): Promise<unknown> {
  const data = await rpc.call(to, encodeFunctionData({ abi: of, functionName, args }), block);
  try {
    return decodeFunctionResult({ abi: of, functionName, data });
  } catch {
    throw new Unreachable(`${functionName}() answered what it can't`);
  }
}

async function ask(rpc: Rpc, to: Hex, name: string): Promise<unknown> {
  return await read(rpc, to, abi.token, name).catch((error: unknown) => {
    if (error instanceof Refused || error instanceof Unreachable) return undefined;
    throw error;
  });
}

/** The mechanism that the contract names; Missing where it names none, or one that the page doesn't know. */
async function findMechanism(rpc: Rpc, address: Hex): Promise<Mechanism> {
  const nameless = new Missing(`the contract at ${address} names no mechanism: it is no federation, or one older than this page`);
  const call = { abi: abi.federation, functionName: 'mechanism' };
  const data = await rpc.call(address, encodeFunctionData(call)).catch((error: unknown) => {
    throw error instanceof Refused ? nameless : error;
  });
  let named: unknown;
  try {
    named = decodeFunctionResult({ ...call, data });
  } catch {
    throw nameless;
  }
  const known = MECHANISMS.find((one) => one === named);
  if (!known) throw new Missing(`the federation at ${address} has the mechanism “${clean(named, 32)}”; this page knows ${MECHANISMS.join(', ')}`);
  return known;
}

function recordOf(round: number, raw: Raw): RoundRecord {
  return { ...(raw as unknown as RoundRecord), round };
}

function memberOf(raw: Raw): MemberView {
  const record = raw['record'] as Raw;
  return {
    account: lower(raw['account']), balance: raw['balance'] as bigint, out: raw['out'] === true, stake: record['stake'] as bigint,
    index: record['index'] as number, round: record['round'] as number, strikes: record['strikes'] as number,
    standing: record['standing'] as number, waitsFor: Number(raw['waitsFor']),
    missed: Number(raw['missed']), missedRound: Number(raw['missedRound']), absent: raw['absent'] === true,
  };
}
