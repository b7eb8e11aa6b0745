/** Downloads with an end: a stranger's answer is read no further than agreed, and awaited no longer. */

/** What came of asking, with the HTTP status of the answer; 0 where there was none. */
class Answer extends Error {
  status = 0;
}

/** The other side isn't there, or says what can't be read. Trying again may help. */
export class Unreachable extends Answer {
  override name = 'Unreachable';
}

/** What was asked for isn't to be had, whoever is asked again. */
export class Missing extends Answer {
  override name = 'Missing';
}

/** An answer, whatever its status. */
export interface Reply {
  status: number;
  bytes: Uint8Array<ArrayBuffer>;
  /** The seconds that the other side asks to wait, where it does and a page may know. */
  retryAfter?: number;
}

/** Whether an error, or what caused it, is the answer that what was asked for isn't there, or wasn't found in time. */
export function isAbsent(error: unknown): boolean {
  return error instanceof Error && ((error instanceof Answer && [404, 410, 504].includes(error.status)) || isAbsent(error.cause));
}

/** Fetches at most `limit` bytes. Throws Unreachable, and Missing where the answer is that there is nothing. */
export async function fetchBytes(where: string, limit: number, options: RequestInit & { timeout: number }): Promise<Uint8Array<ArrayBuffer>> {
  const { status, bytes } = await fetchReply(where, limit, options);
  if (status === 404 || status === 410) throw Object.assign(new Missing('it is not there'), { status });
  if (status < 200 || status > 299) throw Object.assign(new Unreachable(`it answered with status ${status}`), { status });
  return bytes;
}

/** Fetches at most `limit` bytes, whatever the status. Throws Unreachable where there is no answer, and Missing for a larger one. */
export async function fetchReply(where: string, limit: number, options: RequestInit & { timeout: number }): Promise<Reply> {
  const { timeout, signal, ...init } = options;
  const late = AbortSignal.timeout(timeout);
  const signals = signal ? [signal, late] : [late];
  try {
    const answer = await fetch(where, {
      ...init, signal: AbortSignal.any(signals), credentials: 'omit', referrerPolicy: 'no-referrer', redirect: 'follow',
    });
    const bytes = await readBytes(answer, limit);
    const wait = Number(answer.headers.get('retry-after') ?? Number.NaN);
    return { status: answer.status, bytes, ...(Number.isFinite(wait) && wait >= 0 ? { retryAfter: wait } : {}) };
  } catch (error) {
    if (signal?.aborted || error instanceof Missing || error instanceof Unreachable) throw error;
    throw new Unreachable(late.aborted ? `no answer within ${timeout / 1000} s` : 'no answer');
  }
}

async function readBytes(answer: Response, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const reader = answer.body?.getReader();
  if (!reader) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > limit) {
      await reader.cancel();
      throw new Missing(`it is larger than the ${limit} bytes that it may have`);
    }
    parts.push(value);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
