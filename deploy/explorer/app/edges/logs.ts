/** Events in ranges of blocks: as large as the node allows, which is learned on the way. */
import type { Hex } from '../core/cid.ts';
import { Refused, type Log, type Rpc } from './rpc.ts';
import { Missing } from './limited.ts';

export type Topics = (Hex | Hex[] | null)[];
const FIRST_SPAN = 200_000;

export class LogReader {
  private span = FIRST_SPAN;
  private readonly rpc: Rpc;
  private readonly address: Hex;

  constructor(rpc: Rpc, address: Hex) {
    this.rpc = rpc;
    this.address = address;
  }

  /** Reads the logs of a range in order, told range by range. */
  async read(topics: Topics, first: number, last: number, tell: (logs: Log[]) => void, signal?: AbortSignal): Promise<void> {
    for (let from = first; from <= last; ) {
      signal?.throwIfAborted();
      const to = Math.min(last, from + this.span - 1);
      try {
        tell(await this.rpc.logs(this.address, topics, from, to));
        from = to + 1;
      } catch (error) {
        // nodes say no to ranges that are too long or too full in many ways
        if (!(error instanceof Refused || error instanceof Missing) || from === to) throw error;
        this.span = Math.max(1, Math.floor((to - from + 1) / 2));
      }
    }
  }
}
