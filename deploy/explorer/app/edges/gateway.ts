/** An IPFS gateway. Nothing is taken on trust: a file is what its CID says, or it is refused. */
import { cidOf, fileDigest, type Hex } from '../core/cid.ts';
import { fetchBytes, Missing } from './limited.ts';

/** What a page takes of a model at most. */
export const MODEL_BYTES = 256 * 2 ** 20;
const TIMEOUT = 60_000;

/** The bytes are not those that the CID names. */
export class WrongBytes extends Error {
  override name = 'WrongBytes';
}

export async function fetchFile(gateway: string, digest: Hex, limit = MODEL_BYTES, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  if (!gateway) throw new Missing('no gateway is named: see “Connection”');
  const where = `${gateway}/ipfs/${cidOf(digest)}`;
  const data = await fetchBytes(where, limit, { timeout: TIMEOUT, ...(signal ? { signal } : {}) });
  if (fileDigest(data) !== digest) throw new WrongBytes('its bytes are not those that its CID names');
  return data;
}
