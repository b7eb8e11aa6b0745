/** A round's aggregate from its updates, one after the other, so that memory doesn't grow with their number. */
import { Average } from '../core/aggregate.ts';
import { fileDigest, type Hex } from '../core/cid.ts';
import type { Proposal } from '../core/model.ts';
import { encode, readSchema, readWeights } from '../core/safetensors.ts';
import { fetchFile } from './gateway.ts';

export interface Step {
  title: string;
  says: string;
}

/** Returns the digest of the average of these updates. Throws where an update can't be had or used, saying which. */
export async function recompute(
  gateway: string, genesis: Hex, updates: readonly Proposal[], tell: (step: Step) => void, signal: AbortSignal,
): Promise<Hex> {
  const schema = readSchema(await fetchFile(gateway, genesis, undefined, signal));
  const average = new Average(schema.size);
  for (const { number, digest, samples } of updates) {
    tell({ title: `Update ${number}`, says: 'fetching…' });
    try {
      const limit = schema.header.length + 4 * schema.size;
      const weights = readWeights(await fetchFile(gateway, digest, limit, signal), schema);
      await breathe(average.add(weights, Number(samples)), signal);
    } catch (error) {
      if (signal.aborted) throw error;
      throw new Error(`update ${number}: ${error instanceof Error ? error.message : 'unknown trouble'}`, { cause: error });
    }
    tell({ title: `Update ${number}`, says: 'its bytes are those that its CID names, and fit the model' });
  }
  return fileDigest(encode(await breathe(average.divide(), signal), schema));
}

/** Runs to the end, and lets the page answer in between. */
async function breathe<Value>(work: Generator<void, Value>, signal: AbortSignal): Promise<Value> {
  let since = performance.now();
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (performance.now() - since > 12) {
      await new Promise((resolve) => setTimeout(resolve));
      signal.throwIfAborted();
      since = performance.now();
    }
  }
}
