/** The exact average: fixed-point integers, by the rule of docs/reference/models.md, so that digests can be equal.
 *
 * A weight times 2⁴⁰, rounded, has up to 60 bits, more than a double keeps. So it is cut into three digits of 20 bits,
 * the highest signed: each digit's sum over fewer than 2³¹ samples stays below 2⁵¹, and so does every step of the long
 * division, which makes all of it exact in doubles. */

export const MAX_SAMPLES = 2 ** 31 - 1;
const ONE = 2 ** 40;
const DIGIT = 2 ** 20;
const SMALLEST_WHOLE = 2 ** 52;
const BLOCK = 1 << 16;

/** Sums up updates one after the other, in any order, and keeps none of them. */
export class Average {
  private readonly high: Float64Array;
  private readonly middle: Float64Array;
  private readonly low: Float64Array;
  private samples = 0;

  constructor(size: number) {
    this.high = new Float64Array(size);
    this.middle = new Float64Array(size);
    this.low = new Float64Array(size);
  }

  /** Adds weights, |w| < 2²⁰, that were trained on so many samples. Yields now and then, for the page to breathe. */
  *add(weights: Float32Array, samples: number): Generator<void, void> {
    if (weights.length !== this.high.length) throw new RangeError('weights of another model');
    if (!Number.isInteger(samples) || samples < 1 || this.samples + samples > MAX_SAMPLES) {
      throw new RangeError(`counts of samples are at least 1 each, and ${MAX_SAMPLES} in all`);
    }
    this.samples += samples;
    const { high, middle, low } = this;
    for (let at = 0; at < weights.length; at++) {
      if (at % BLOCK === 0) yield;
      const fixed = toNearest((weights[at] as number) * ONE);
      const top = Math.floor(fixed / ONE);
      const rest = fixed - top * ONE;
      const mid = Math.floor(rest / DIGIT);
      high[at] = (high[at] as number) + samples * top;
      middle[at] = (middle[at] as number) + samples * mid;
      low[at] = (low[at] as number) + samples * (rest - mid * DIGIT);
    }
  }

  /** The average of what was added. */
  *divide(): Generator<void, Float32Array> {
    const total = this.samples;
    if (!total) throw new RangeError('there is nothing to average');
    const mean = new Float32Array(this.high.length);
    for (let at = 0; at < mean.length; at++) {
      if (at % BLOCK === 0) yield;
      const [a, restA] = divmod(this.high[at] as number, total);
      const [b, restB] = divmod(restA * DIGIT + (this.middle[at] as number), total);
      const [c, restC] = divmod(restB * DIGIT + (this.low[at] as number), total);
      const twice = 2 * restC;
      const up = twice > total || (twice === total && c % 2 === 1) ? 1 : 0;
      // both parts are exact, so their sum rounds once, as an int64 does on its way to a float64
      mean[at] = (a * ONE + (b * DIGIT + c + up)) / ONE + 0;
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
