/** Text for people. Strings from chain and store are hostile: they are cut, and what isn't printable is taken out. */

const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}\u2028-\u202e\u2066-\u2069]/gu;

/** A stranger's string: printable, on one line, and no longer than `limit`. */
export function clean(value: unknown, limit = 80): string {
  const text = String(value).slice(0, 4 * limit).replace(UNPRINTABLE, '\ufffd');
  return text.length > limit ? `${[...text].slice(0, limit - 1).join('')}…` : text;
}

/** The text in a contract's 32 bytes, filled up with zeros. */
export function decoded(hex: string): string {
  const digits = hex.replace(/^0x/, '').replace(/(00)+$/, '').match(/../g) ?? [];
  return clean(new TextDecoder().decode(Uint8Array.from(digits, (one) => Number.parseInt(one, 16))));
}

/** An amount of base units, with thousands apart and no digit lost. */
export function amount(units: bigint, decimals: number): string {
  const sign = units < 0n ? '−' : '';
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals).replace(/\B(?=(\d{3})+$)/g, '\u202f');
  const part = digits.slice(digits.length - decimals).replace(/0+$/, '');
  return `${sign}${whole}${part ? `.${part}` : ''}`;
}

const DIGITS = 6;

/** An amount for the eye: exact where that is short, else rounded and marked so; what rounds to nothing in base units. */
export function brief(units: bigint, decimals: number): string {
  const unit = 10n ** BigInt(Math.max(decimals - DIGITS, 0));
  if (units % unit === 0n) return amount(units, decimals);
  const size = units < 0n ? -units : units;
  if (size < unit) return `${amount(units, 0)} ${size === 1n ? 'base unit' : 'base units'}`;
  const rounded = ((size + unit / 2n) / unit) * unit;
  return `≈\u202f${amount(units < 0n ? -rounded : rounded, decimals)}`;
}

/** An amount as a number for a plot: exactness isn't asked of it. */
export function approximate(units: bigint, decimals: number): number {
  return Number(units) / 10 ** decimals;
}

export function number(value: number | bigint): string {
  return value.toString().replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
}

export function short(value: string): string {
  return value.length > 16 ? `${value.slice(0, 8)}…${value.slice(-6)}` : value;
}

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  const [scale, unit] = count < 1024 ** 2 ? [1024, 'KiB'] : count < 1024 ** 3 ? [1024 ** 2, 'MiB'] : [1024 ** 3, 'GiB'];
  return `${(count / scale).toFixed(1)} ${unit}`;
}

/** A chain's time, or what it says where no clock has such a time. */
export function time(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `second ${number(seconds)}` : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

export function plural(count: number | bigint, one: string, many = `${one}s`): string {
  return `${number(count)} ${Number(count) === 1 ? one : many}`;
}

/** A finite number in few digits; NaN and infinities by their names. */
export function measure(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return '0';
  return Math.abs(value) >= 1e5 || Math.abs(value) < 1e-3 ? value.toExponential(3) : value.toPrecision(5);
}
