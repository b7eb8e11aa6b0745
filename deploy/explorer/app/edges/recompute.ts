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

/** A model that the average needs, by its digest, can't be had or used. */
export class Unusable extends Error {
  readonly digest: Hex;

  constructor(what: string, digest: Hex, cause: unknown) {
    super(`${what}: ${cause instanceof Error ? cause.message : 'unknown trouble'}`, { cause });
    this.digest = digest;
  }
}

/** Returns the digest of the average of these updates. Throws Unusable where one of them, or the genesis, is. */
export async function recompute(
  gateway: string, genesis: Hex, updates: readonly Proposal[], tell: (step: Step) => void, signal: AbortSignal,
): Promise<Hex> {
  const schema = await take('the genesis', genesis, signal, async () => readSchema(await fetchFile(gateway, genesis, undefined, signal)));
  const average = new Average(schema.size);
  for (const { updateNumber, digest, samples } of updates) {
    tell({ title: `Update ${updateNumber}`, says: 'fetching…' });
    await take(`update ${updateNumber}`, digest, signal, async () => {
      const limit = schema.header.length + 4 * schema.size;
      const weights = readWeights(await fetchFile(gateway, digest, limit, signal), schema);
      await breathe(average.add(weights, Number(samples)), signal);
    });
    tell({ title: `Update ${updateNumber}`, says: 'its bytes are those that its CID names, and fit the model' });
  }
  return fileDigest(encode(await breathe(average.divide(), signal), schema));
}

/** Returns what the work with a model gives; throws Unusable where it fails. */
async function take<Value>(what: string, digest: Hex, signal: AbortSignal, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    throw signal.aborted ? error : new Unusable(what, digest, error);
  }
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
