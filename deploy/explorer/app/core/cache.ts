/** What was read, as of which block: bounded, and forgotten from a fork on. */

export class Cache<Key, Value> {
  private readonly kept = new Map<Key, { value: Value; block: number }>();
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  get(key: Key): Value | undefined {
    const found = this.kept.get(key);
    if (!found) return undefined;
    this.kept.delete(key);
    this.kept.set(key, found);
    return found.value;
  }

  /** Keeps a value read as of `block`; the one used least lately makes room. */
  set(key: Key, value: Value, block: number): void {
    this.kept.delete(key);
    this.kept.set(key, { value, block });
    if (this.kept.size > this.limit) {
      const [oldest] = this.kept.keys();
      this.kept.delete(oldest as Key);
    }
  }

  /** Forgets what was read as of a block after `block`. */
  forget(block: number): void {
    for (const [key, entry] of this.kept) if (entry.block > block) this.kept.delete(key);
  }

  get size(): number {
    return this.kept.size;
  }
}
