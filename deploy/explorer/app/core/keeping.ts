/** How long models are kept, and what is said of those that aren't to be had: as in clients/types/keeping.py and
 * clients/auditing/words.py, to which tests hold it. */
import { ZERO32, type Hex } from './cid.ts';

const HISTORY_MAX = 1_000_000;

/** For how many rounds models are kept, from the text that a deployment's record or a link has; undefined where it says nothing. */
export function historyOf(text: string | null): number | undefined {
  const history = /^\d{1,7}$/.test(text ?? '') ? Number(text) : NaN;
  return history <= HISTORY_MAX ? history : undefined;
}

/** Whether a round's models may be gone once so many rounds are settled. It doesn't hold for the genesis and the head. */
export function mayBeGone(round: number, settled: number, history: number): boolean {
  return settled - round >= history;
}

export function describeKept(history: number | undefined): string {
  if (history === undefined) return 'for how many rounds models are kept isn\'t known here';
  return `kept for ${history} round${history === 1 ? '' : 's'}`;
}

/** The sentence about a round of which models are missing that may be. */
export function describeGone(round: number, history: number | undefined): string {
  return `Round ${round}: models ${history === undefined ? 'not to be had, and' : 'let go of, as agreed:'} ${describeKept(history)}.`;
}

/** What is known of a federation when a model of it isn't to be had. */
export interface Known {
  genesis: Hex;
  head: Hex;
  settled: number;
  history: number | undefined;
}

/** What to say of a model that isn't to be had, used in a round or in one that the page doesn't know; and whether that is no fault. */
export function judgeAbsence(digest: Hex, round: number | undefined, { genesis, head, settled, history }: Known): { fine: boolean; says: string } {
  if (digest === genesis) return { fine: false, says: 'It is the genesis, which is never let go of.' };
  if (digest === head && head !== ZERO32) return { fine: false, says: 'It is the accepted model, which is never let go of.' };
  if (round === undefined) return { fine: true, says: history === undefined ? `${upper(describeKept(history))}.` : `Models are ${describeKept(history)}.` };
  if (history === undefined || mayBeGone(round, settled, history)) return { fine: true, says: describeGone(round, history) };
  return { fine: false, says: `Round ${round}: models that must still be there: ${describeKept(history)}.` };
}

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
