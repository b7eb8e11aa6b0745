/** Models as bytes: canonical safetensors, float32 alone, finite and below 2⁶⁰. Nothing in it is trusted. */

export const WEIGHT_LIMIT = 2 ** 60;
const MAX_HEADER = 2 ** 20;
const MAX_TENSORS = 10_000;
const MAX_DIMENSIONS = 64;

export interface Tensor {
  name: string;
  shape: number[];
  /** Number of weights, and where the first of them is among all. */
  size: number;
  start: number;
}

export interface Schema {
  tensors: Tensor[];
  /** Number of weights in all. */
  size: number;
  /** The one header that a file of this schema has. */
  header: Uint8Array;
}

/** What a stranger's file is not. */
export class BadModel extends Error {
  override name = 'BadModel';
}

/** The schema of a canonical file. Throws BadModel, saying what is wrong, for anything else. */
export function readSchema(data: Uint8Array): Schema {
  if (data.length < 8) throw new BadModel(`it has ${data.length} bytes, too few for a safetensors file`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length === 0 || length > Math.min(data.length - 8, MAX_HEADER)) throw new BadModel(`its header claims ${length} bytes`);
  const tensors = placed(parse(data.subarray(8, 8 + length)), data.length);
  const header = headerOf(tensors);
  if (!starts(data, header)) throw new BadModel('its header is not canonical: tensors sorted by name, end to end, and no more');
  const size = tensors.reduce((sum, one) => sum + one.size, 0);
  if (data.length !== header.length + 4 * size) {
    throw new BadModel(`it has ${data.length} bytes; its header makes ${header.length + 4 * size}`);
  }
  return { tensors, size, header: header.slice() };
}

/** The weights of a file of this schema, end to end. Throws BadModel where it isn't one. */
export function readWeights(data: Uint8Array, schema: Schema): Float32Array {
  const { header, size } = schema;
  if (!starts(data, header)) {
    readSchema(data);
    throw new BadModel("its tensors are not those of the federation's model");
  }
  if (data.length !== header.length + 4 * size) {
    throw new BadModel(`it has ${data.length} bytes; expected ${header.length + 4 * size}`);
  }
  const view = new DataView(data.buffer, data.byteOffset + header.length);
  const weights = new Float32Array(size);
  for (let at = 0; at < size; at++) {
    const weight = view.getFloat32(4 * at, true);
    // NaN is not below anything
    if (!(Math.abs(weight) < WEIGHT_LIMIT)) throw new BadModel(`weight ${at} is ${weight}; expected one between ±${WEIGHT_LIMIT}`);
    weights[at] = weight;
  }
  return weights;
}

/** The canonical file of these weights. */
export function encode(weights: Float32Array, schema: Schema): Uint8Array {
  const data = new Uint8Array(schema.header.length + 4 * weights.length);
  data.set(schema.header);
  const view = new DataView(data.buffer, schema.header.length);
  weights.forEach((weight, at) => view.setFloat32(4 * at, weight, true));
  return data;
}

function parse(text: Uint8Array): Record<string, unknown> {
  let entries: unknown;
  try {
    entries = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text));
  } catch {
    throw new BadModel('its header is not JSON');
  }
  if (typeof entries !== 'object' || entries === null || Array.isArray(entries)) throw new BadModel('its header is no table');
  return entries as Record<string, unknown>;
}

function placed(entries: Record<string, unknown>, bytes: number): Tensor[] {
  const names = Object.keys(entries).sort(byCodePoint);
  if (!names.length || names.length > MAX_TENSORS) throw new BadModel(`it has ${names.length} tensors`);
  let start = 0;
  return names.map((name) => {
    const shape = shapeOf(entries[name]);
    const size = shape?.reduce((product, one) => product * one, 1);
    if (!name || name === '__metadata__' || !shape || size === undefined || size * 4 > bytes) {
      throw new BadModel('it has a tensor that is no float32 array within the file');
    }
    const tensor = { name, shape, size, start };
    start += size;
    return tensor;
  });
}

function shapeOf(entry: unknown): number[] | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { shape, dtype } = entry as { shape?: unknown; dtype?: unknown };
  if (dtype !== 'F32' || !Array.isArray(shape) || shape.length > MAX_DIMENSIONS) return undefined;
  return shape.every((one) => Number.isSafeInteger(one) && one >= 0) ? shape : undefined;
}

/** Names are sorted by code points, which UTF-16's own order is not. */
export function byCodePoint(left: string, right: string): number {
  const [a, b] = [[...left], [...right]];
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const by = (a[at]?.codePointAt(0) ?? 0) - (b[at]?.codePointAt(0) ?? 0);
    if (by) return by;
  }
  return a.length - b.length;
}

function headerOf(tensors: Tensor[]): Uint8Array {
  // written out: a table would put names that look like numbers first
  const entries = tensors.map(({ name, shape, start, size }) => {
    const entry = { dtype: 'F32', shape, data_offsets: [4 * start, 4 * (start + size)] };
    return `${JSON.stringify(name)}:${JSON.stringify(entry)}`;
  });
  const text = new TextEncoder().encode(`{${entries.join(',')}}`);
  const padded = text.length + ((8 - (text.length % 8)) % 8);
  const header = new Uint8Array(8 + padded).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(text, 8);
  return header;
}

function starts(data: Uint8Array, header: Uint8Array): boolean {
  return data.length >= header.length && header.every((byte, at) => data[at] === byte);
}
