/**
 * Requests to a node: many at once as far as it takes that, and again later where it wants fewer.
 *
 * Asking one by one is always right; a batch only saves time. So what a batch leaves open is asked again, in a smaller batch where
 * the batch itself was refused, and alone where a request came back with an error that is no revert. `clients/ports/chain/noderpc.py`
 * does the same.
 */
import { clean } from '../core/text.ts';
import { fetchReply, Missing, Unreachable } from './limited.ts';

const ANSWER_BYTES = 32 * 2 ** 20;
const TIMEOUT = 20_000;
const BATCH = 50;
const LANES = 4;
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5_000;
const PATIENCE = 30_000;

/** The node refuses: a revert, a range too large, a method that it lacks. */
export class Refused extends Error {
  override name = 'Refused';
}

type Limit = 'rate' | 'batch' | undefined;
type Answer = { id?: unknown; result?: unknown; error?: unknown };
type Failure = { code: number; message: string };

const RATES = new RegExp([
  'rate.?limit', 'rate exceeded', 'request rate', 'too many (concurrent )?(requests|calls|connections)', 'requests? (limit|per (second|minute|hour|day))',
  'requests limited', 'request count exceeded', 'concurrent requests', 'credits limited', 'compute units', 'reduce (calls|requests)', 'quota',
  'monthly capacity', 'throughput', 'over(loaded| capacity)', 'too much load', 'server is busy', 'try again in',
].join('|'));
const RATE_CODES = [429, -32029, -32605, -32607];
const SHARED_CODE = -32005;
const SHARED_WORDS = /range|results|blocks|filter|address|size|timeout|duration|logs/;

/** What an error to `method` is about, where it is no matter of the request's own. */
export function limitOf(method: string, code: number, message: string, batched: boolean): Limit {
  const words = message.toLowerCase();
  if (reverts({ code, message })) return undefined;
  if (batched && words.includes('batch')) return 'batch';
  if (RATE_CODES.includes(code) || RATES.test(words)) return 'rate';
  return code === SHARED_CODE && method !== 'eth_getLogs' && !SHARED_WORDS.test(words) ? 'rate' : undefined;
}

function reverts({ code, message }: Failure): boolean {
  return code === 3 || message.toLowerCase().includes('revert');
}

interface Asked {
  method: string;
  params: readonly unknown[];
  alone: boolean;
  times: number;
  waited: number;
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

export class Asker {
  private readonly url: string;
  private readonly sleep: (ms: number) => Promise<void>;
  private readonly waiting: Asked[] = [];
  private most = BATCH;
  private size = BATCH;
  private proven = 1;
  private lanes = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string, sleep = (ms: number): Promise<void> => new Promise((done) => void setTimeout(done, ms))) {
    this.url = url;
    this.sleep = sleep;
  }

  /** Asks; rejects with Refused for the node's own no, and with Unreachable where nothing is to be had of it. */
  request(method: string, params: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ method, params, alone: false, times: 0, waited: 0, resolve, reject });
      // what else is asked in this moment goes along
      this.timer ??= setTimeout(() => this.send());
    });
  }

  private send(): void {
    this.timer = undefined;
    for (; this.lanes < LANES && this.waiting.length > 0; ) {
      const alone = this.waiting[0]?.alone;
      const next = this.waiting.findIndex((one) => one.alone);
      const part = this.waiting.splice(0, alone ? 1 : Math.min(this.size, next < 0 ? this.size : next));
      this.lanes++;
      void this.exchange(part).finally(() => {
        this.lanes--;
        this.send();
      });
    }
  }

  private async exchange(part: Asked[]): Promise<void> {
    let left: Asked[];
    try {
      left = await this.settle(part);
    } catch (error) {
      const known = error instanceof Missing ? new Refused(error.message) : error instanceof Error ? error : new Unreachable('no answer');
      if (part.length > this.proven) {
        this.refused(1); // of no batch so long is it known yet whether it was the batch
        this.waiting.unshift(...part);
      } else for (const one of part) one.reject(known);
      return;
    }
    if (left.length === 0) {
      this.proven = Math.max(this.proven, part.length);
      this.size = Math.min(this.most, this.size * 2);
    }
    this.waiting.unshift(...left);
  }

  /** Asks for `part`, and gives each its answer; returns those that are to be asked again. */
  private async settle(part: Asked[]): Promise<Asked[]> {
    const calls = part.map(({ method, params }, id) => ({ jsonrpc: '2.0', id, method, params }));
    const body = JSON.stringify(part.length > 1 ? calls : calls[0]);
    const { status, bytes, retryAfter } = await fetchReply(this.url, ANSWER_BYTES, {
      method: 'POST', body, headers: { 'content-type': 'application/json' }, timeout: TIMEOUT,
    });
    const said = parse(bytes);
    if (status === 429 || (status === 503 && retryAfter !== undefined)) return await this.putOff(part, part.length, retryAfter);
    if (part.length === 1 || Array.isArray(said)) {
      const answers = sort(part.length, Array.isArray(said) ? said : [{ ...record(said), id: 0 }]);
      if (answers.size > 0) return await this.give(part, answers);
    }
    if (part.length === 1) throw new Unreachable(status < 200 || status > 299 ? `it answered with status ${status}` : 'it answered with no JSON-RPC');
    const error = failure(Array.isArray(said) ? said.map(record).find((one) => one.error)?.error : record(said).error);
    if (error && limitOf('', error.code, error.message, true) === 'rate') return await this.putOff(part, part.length);
    this.refused(Math.floor(part.length / 2));
    return part;
  }

  private async give(part: Asked[], answers: Map<number, Answer>): Promise<Asked[]> {
    const left: Asked[] = [];
    const limits: Limit[] = [];
    for (const [at, one] of part.entries()) {
      const answer = answers.get(at);
      const error = failure(answer?.error);
      const limit = error && limitOf(one.method, error.code, error.message, part.length > 1);
      if (limit) limits.push(limit);
      if (answer && !error) one.resolve(answer.result);
      else if (error && !limit && (part.length === 1 || reverts(error))) one.reject(new Refused(clean(error.message, 200)));
      else left.push(Object.assign(one, { alone: one.alone || (error !== undefined && !limit) }));
    }
    if (limits.includes('rate')) return await this.putOff(left, left.length === part.length ? part.length : 0);
    if (limits.includes('batch')) this.refused(part.length - left.length || Math.floor(part.length / 2));
    return left;
  }

  /** Waits, and returns those of `part` that have patience left. `whole`: the size of a batch that was put off altogether. */
  private async putOff(part: Asked[], whole: number, retryAfter = 0): Promise<Asked[]> {
    if (whole > 0) this.size = Math.max(1, Math.floor(whole / 2));
    const times = Math.max(...part.map((one) => one.times));
    const pause = Math.max(Math.min(FIRST_PAUSE * 2 ** times, LONGEST_PAUSE), retryAfter * 1000);
    const left = part.filter((one) => one.waited + pause <= PATIENCE);
    for (const one of part) if (!left.includes(one)) one.reject(new Unreachable('it wants fewer requests than this page makes'));
    if (left.length === 0) return left;
    await this.sleep(pause);
    for (const one of left) {
      one.times++;
      one.waited += pause;
    }
    return left;
  }

  private refused(most: number): void {
    this.most = this.size = Math.max(1, Math.min(most, this.most));
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

function record(value: unknown): Answer {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

/** The answers by their ids; those that came twice and not alike count as missing. */
function sort(count: number, said: unknown[]): Map<number, Answer> {
  const found = new Map<number, Answer>();
  const torn = new Set<number>();
  for (const answer of said.map(record)) {
    const id = Number(answer.id ?? Number.NaN);
    if (!Number.isInteger(id) || id < 0 || id >= count || !('result' in answer || 'error' in answer)) continue;
    if (found.has(id) && JSON.stringify(found.get(id)) !== JSON.stringify(answer)) torn.add(id);
    found.set(id, answer);
  }
  for (const id of torn) found.delete(id);
  return found;
}

function failure(error: unknown): Failure | undefined {
  if (error === undefined || error === null) return undefined;
  const { code, message } = record(error) as { code?: unknown; message?: unknown };
  return { code: typeof code === 'number' ? code : 0, message: String(message ?? error) };
}
