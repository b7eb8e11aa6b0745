/** A federation that is watched: its latest block, what was read, whether the node is there, and reorganisations. */
import type { Hex } from '../core/cid.ts';
import { Cache } from '../core/cache.ts';
import { Trail, type Block } from '../core/fork.ts';
import { clean } from '../core/text.ts';
import { Federation, type RoundRecord, type Status } from './federation.ts';
import { findBirth } from './finding.ts';
import { Missing } from './limited.ts';

const POLL = 2_000;
const SLOWEST = 30_000;
const ROUNDS_KEPT = 2_000;

export interface View {
  /** undefined: nothing was read yet. */
  federation?: Federation;
  status?: Status;
  tip?: Block;
  birth: number;
  /** What keeps the node from being read; undefined where it is. */
  trouble?: string;
  /** Whether trying again is of no use: the address is no federation's. */
  wrong: boolean;
  /** How often blocks were taken back, and the last one that stayed at the latest of these times. */
  forks: number;
  fork: number;
}

export class Session {
  view: View = { birth: 0, forks: 0, fork: 0, wrong: false };
  readonly rounds = new Cache<number, RoundRecord>(ROUNDS_KEPT);
  private readonly trail = new Trail();
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private ended = false;
  private readonly url: string;
  private readonly address: Hex;

  constructor(url: string, address: Hex) {
    this.url = url;
    this.address = address;
    void this.poll();
  }

  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  end(): void {
    this.ended = true;
    clearTimeout(this.timer);
    this.listeners.clear();
  }

  /** Looks at once, instead of when it is time. */
  hurry(): void {
    clearTimeout(this.timer);
    void this.poll();
  }

  /** The records of rounds, from memory where they are settled. */
  async records(numbers: readonly number[]): Promise<RoundRecord[]> {
    const { federation, tip } = this.view;
    if (!federation || !tip) return [];
    return await Promise.all(numbers.map(async (number) => {
      const kept = this.rounds.get(number);
      if (kept) return kept;
      const read = await federation.round(number, tip.number);
      if (read.outcome) this.rounds.set(number, read, tip.number);
      return read;
    }));
  }

  private async poll(): Promise<void> {
    let pause = POLL;
    try {
      await this.look();
      this.failures = 0;
    } catch (error) {
      if (this.ended) return;
      this.failures++;
      pause = Math.min(POLL * 2 ** Math.min(this.failures - 1, 6), SLOWEST);
      const trouble = error instanceof Error ? clean(error.message, 200) : 'no answer';
      this.change({ trouble, wrong: error instanceof Missing });
    }
    if (!this.ended) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.poll(), pause);
    }
  }

  private async look(): Promise<void> {
    let federation = this.view.federation ?? (await Federation.open(this.url, this.address));
    const tip = await federation.rpc.block('latest');
    if (!tip) throw new Error('it has no blocks');
    const seen = this.trail.tip;
    if (seen?.hash === tip.hash && !this.view.trouble) return;
    const fork = seen ? await this.stepBack(federation, seen, tip) : undefined;
    // nothing that was seen is left: it may be another chain
    if (fork === -1) federation = await Federation.open(this.url, this.address);
    const known = this.view.federation && fork !== -1;
    const birth = known ? this.view.birth : await findBirth(federation, tip.number);
    const status = await federation.status(tip.number);
    this.trail.note(tip);
    if (fork !== undefined) this.rounds.forget(fork);
    const { trouble: _, ...view } = this.view;
    if (this.ended) return;
    this.view = { ...view, federation, status, tip, birth, wrong: false, ...(fork === undefined ? {} : { fork, forks: view.forks + 1 }) };
    this.tell();
  }

  /** The last block that stayed, where what was seen last is no more part of the chain. */
  private async stepBack(federation: Federation, seen: Block, tip: Block): Promise<number | undefined> {
    const isThere = async (block: Block): Promise<boolean> => {
      if (block.number > tip.number) return false;
      return (block.number === tip.number ? tip : await federation.rpc.block(block.number))?.hash === block.hash;
    };
    return (await isThere(seen)) ? undefined : await this.trail.back(isThere);
  }

  private change(view: Partial<View>): void {
    this.view = { ...this.view, ...view };
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}
