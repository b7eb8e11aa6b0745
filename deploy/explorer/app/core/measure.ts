/** What a model's weights look like, in a few numbers. */
import type { Schema } from './safetensors.ts';

export interface Measure {
  name: string;
  shape: number[];
  size: number;
  norm: number;
  least: number;
  most: number;
  /** Euclidean norm of the difference from another model; undefined where there is none. */
  moved: number | undefined;
}

/** Measures each tensor, and all of them together at the end. */
export function measure(schema: Schema, weights: Float32Array, before?: Float32Array): { tensors: Measure[]; all: Measure } {
  const of = (name: string, shape: number[], start: number, size: number): Measure => {
    let [squares, moved, least, most] = [0, 0, Infinity, -Infinity];
    for (let at = start; at < start + size; at++) {
      const weight = weights[at] as number;
      squares += weight * weight;
      if (before) moved += (weight - (before[at] as number)) ** 2;
      if (weight < least) least = weight;
      if (weight > most) most = weight;
    }
    return { name, shape, size, norm: Math.sqrt(squares), least, most, moved: before ? Math.sqrt(moved) : undefined };
  };
  return {
    tensors: schema.tensors.map(({ name, shape, start, size }) => of(name, shape, start, size)),
    all: of('all', [schema.size], 0, schema.size),
  };
}
