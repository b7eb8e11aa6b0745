/** The exact average: fixed-point integers, by the rule of docs/reference/models.md, so that digests can be equal.
 *
 * A weight times 2⁴⁰, rounded, has up to 100 bits, more than a double keeps. So it is cut into digits of 20 bits, all
 * with the sign of the weight: a digit's sum over fewer than 2³¹ samples stays below 2⁵¹, and so does every step of the
 * long division, which makes all of it exact in doubles. Few weights reach 2²⁰ and need more than three digits. */

export const MAX_SAMPLES = 2 ** 31 - 1;
const ONE = 2 ** 40;
const DIGIT = 2 ** 20;
const DIGITS = 5;
const HALF_DIGIT = 2 ** 10;
const SMALLEST_WHOLE = 2 ** 52;
const BLOCK = 1 << 16;

/** Sums up updates one after the other, in any order, and keeps none of them. */
export class Average {
  /** Each digit's sums, the lowest digit first; those that no weight has needed yet aren't there. */
  private readonly digits: Float64Array[] = [];
  private readonly size: number;
  private samples = 0;

  constructor(size: number) {
    this.size = size;
  }

  /** Adds weights, |w| < 2⁶⁰, that were trained on so many samples. Yields now and then, for the page to breathe. */
  *add(weights: Float32Array, samples: number): Generator<void, void> {
    if (weights.length !== this.size) throw new RangeError('weights of another model');
    if (!Number.isInteger(samples) || samples < 1 || this.samples + samples > MAX_SAMPLES) {
      throw new RangeError(`counts of samples are at least 1 each, and ${MAX_SAMPLES} in all`);
    }
    this.samples += samples;
    for (let at = 0; at < weights.length; at++) {
      if (at % BLOCK === 0) yield;
      let rest = toNearest((weights[at] as number) * ONE);
      for (let place = 0; rest !== 0; place++) {
        const higher = Math.trunc(rest / DIGIT);
        const sums = this.digits[place] ?? (this.digits[place] = new Float64Array(this.size));
        sums[at] = (sums[at] as number) + samples * (rest - higher * DIGIT);
        rest = higher;
      }
    }
  }

  /** The average of what was added. */
  *divide(): Generator<void, Float32Array> {
    const total = this.samples;
    if (!total) throw new RangeError('there is nothing to average');
    const mean = new Float32Array(this.size);
    const quotients = new Array<number>(DIGITS).fill(0);
    for (let at = 0; at < mean.length; at++) {
      if (at % BLOCK === 0) yield;
      let rest = 0;
      for (let place = this.digits.length - 1; place >= 0; place--) {
        [quotients[place], rest] = divmod(rest * DIGIT + (this.digits[place]?.[at] as number), total);
      }
      const [a, b, middle, c, d] = quotients as [number, number, number, number, number];
      const twice = 2 * rest;
      const up = twice > total || (twice === total && a % 2 !== 0) ? 1 : 0;
      const [high, low] = divmod(middle, HALF_DIGIT);
      // both parts are exact, so their sum rounds once, to the nearest double
      const upper = (d * DIGIT + c) * HALF_DIGIT + high;
      const lower = low * ONE + b * DIGIT + a + up;
      mean[at] = (upper * (HALF_DIGIT * ONE) + lower) / ONE + 0;
    }
    return mean;
  }
}

/** The nearest integer, halves to even. */
function toNearest(value: number): number {
  if (Math.abs(value) >= SMALLEST_WHOLE) return value;
  const floor = Math.floor(value);
  const over = value - floor;
  return over > 0.5 || (over === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

/** Quotient and remainder, 0 ≤ remainder < by; exact for |value| < 2⁵². */
function divmod(value: number, by: number): [number, number] {
  const quotient = Math.floor(value / by);
  return [quotient, value - quotient * by];
}
