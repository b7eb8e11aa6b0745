/** Which blocks were seen, so that a reorganisation is noticed, and where it began. */
import type { Hex } from './cid.ts';

export interface Block {
  number: number;
  hash: Hex;
  time: number;
}

const REMEMBERED = 128;

export class Trail {
  private blocks: Block[] = [];

  get tip(): Block | undefined {
    return this.blocks.at(-1);
  }

  /** The blocks to ask for again, the latest first. */
  get remembered(): readonly Block[] {
    return [...this.blocks].reverse();
  }

  note(block: Block): void {
    if (this.tip?.hash === block.hash) return;
    this.blocks = [...this.blocks.filter(({ number }) => number < block.number), block].slice(-REMEMBERED);
  }

  /** Steps back to the latest remembered block of which `isThere` holds; returns its number, -1 where none is left. */
  async back(isThere: (block: Block) => Promise<boolean>): Promise<number> {
    for (const block of this.remembered) {
      if (await isThere(block)) {
        this.blocks = this.blocks.filter(({ number }) => number <= block.number);
        return block.number;
      }
    }
    this.blocks = [];
    return -1;
  }
}
