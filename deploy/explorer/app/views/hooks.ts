/** What views share: the session, the place, and events that follow the chain. */
import { createContext } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import type { Hex } from '../core/cid.ts';
import { judgeAbsence } from '../core/keeping.ts';
import type { Deed } from '../core/model.ts';
import { formatHash, NOWHERE, type Page, type Place } from '../core/route.ts';
import { clean } from '../core/text.ts';
import { bounded, type Federation, type Status } from '../edges/federation.ts';
import type { Block } from '../core/fork.ts';
import { isAbsent } from '../edges/limited.ts';
import type { Session, View } from '../edges/session.ts';

export interface Watch {
  session: Session;
  view: View;
  federation: Federation;
  status: Status;
  tip: Block;
}

export const PlaceContext = createContext<Place>(NOWHERE);
export const WatchContext = createContext<Watch | undefined>(undefined);

/** The federation that is watched. Only pages that need one ask. */
export function useWatch(): Watch {
  const watch = useContext(WatchContext);
  if (!watch) throw new Error('a page without a federation asked for one');
  return watch;
}

export function useLink(): (page: Page) => string {
  const place = useContext(PlaceContext);
  return (page) => formatHash(page, place);
}

export interface Loaded<Value> {
  value?: Value;
  error?: string;
}

/** Loads what `keys` name; again when `fresh` changes, and after trouble whenever `again` does. What was shown stays until
 * there is something newer: a node that is slower than its chain must not keep a page from showing anything. */
export function useLoaded<Value>(
  load: (signal: AbortSignal) => Promise<Value | undefined>, keys: readonly unknown[], again: unknown = 0, fresh: unknown = 0,
): Loaded<Value> {
  const [state, setState] = useState<Loaded<Value> & { keys?: string }>({});
  const text = keys.map(String).join('|');
  const retry = state.error ? again : 0;
  const order = useRef({ sent: 0, got: 0 });
  const control = useRef(new AbortController());
  useEffect(() => {
    control.current = new AbortController();
    order.current = { sent: 0, got: 0 };
    const { current } = control;
    return () => current.abort();
  }, [text]);
  useEffect(() => {
    const { signal } = control.current;
    const now = order.current;
    const number = ++now.sent;
    const tell = (change: (old: Loaded<Value>) => Loaded<Value>): void => {
      if (signal.aborted || number < now.got) return;
      now.got = number;
      setState((old) => ({ ...change(old), keys: text }));
    };
    load(signal).then((value) => tell(() => (value === undefined ? {} : { value })), (error: unknown) => tell((old) => ({ ...old, error: message(error) })));
  }, [text, fresh, retry]);
  return state;
}

/** Says of a model that the gateway hasn't whether it may be gone; undefined where an error is of another kind. */
export function useAbsence(): (error: unknown, digest: Hex, round: number | undefined) => { fine: boolean; says: string } | undefined {
  const { federation, status } = useWatch();
  const { history } = useContext(PlaceContext);
  const settled = status.record.outcome ? status.round : Math.max(0, status.round - 1);
  return (error, digest, round) =>
    isAbsent(error) ? judgeAbsence(digest, round, { genesis: federation.terms.genesis, head: status.head, settled, history }) : undefined;
}

export function message(error: unknown): string {
  return error instanceof Error ? clean(error.message, 200) : 'unknown trouble';
}

/** Waits between attempts, for what may come back by itself. */
export function useTicks(active: boolean, milliseconds: number): number {
  const [ticks, setTicks] = useState(0);
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => setTicks((count) => count + 1), milliseconds);
    return () => clearInterval(timer);
  }, [active, milliseconds]);
  return ticks;
}

interface Scan {
  key: string;
  deeds: Deed[];
  scanned: number;
  forks: number;
  reading: boolean;
}

/** Events from block `first` on, up to `last` or the latest: read on as the chain grows, and back from where it forked. */
export function useDeeds(names: readonly string[], words: (Hex | null)[], first: number | undefined, last?: number): Loaded<Deed[]> & { scanned: number } {
  const { federation, view, tip } = useWatch();
  const key = [federation.rpc.url, federation.address, names.join(), words.join(), first].join('|');
  const scan = useRef<Scan>({ key: '', deeds: [], scanned: -1, forks: 0, reading: false });
  const end = useRef(0);
  const [shown, setShown] = useState<Loaded<Deed[]> & { scanned: number; key: string }>({ scanned: -1, key: '' });
  end.current = Math.min(last ?? tip.number, tip.number);
  useEffect(() => () => void (scan.current = { ...scan.current, key: 'gone' }), []);
  useEffect(() => {
    if (first === undefined) return;
    const { forks, fork } = view;
    const now = scan.current;
    if (now.key !== key) scan.current = { key, deeds: [], scanned: first - 1, forks, reading: false };
    else if (now.forks !== forks) {
      const deeds = now.deeds.filter(({ block }) => block <= fork);
      scan.current = { key, deeds, scanned: Math.min(now.scanned, Math.max(fork, first - 1)), forks, reading: false };
    }
    const mine = scan.current;
    // one read at a time, which goes on to whatever is the end when it is done: blocks don't wait for slow nodes
    if (mine.reading) return;
    mine.reading = true;
    const read = async (): Promise<void> => {
      do {
        const to = end.current;
        const more = mine.scanned < to ? await federation.deeds(names, words, mine.scanned + 1, to) : [];
        if (scan.current !== mine) return;
        if (more.length) mine.deeds = bounded([...mine.deeds, ...more]);
        mine.scanned = Math.max(mine.scanned, to);
        setShown({ key, value: mine.deeds, scanned: mine.scanned });
      } while (mine.scanned < end.current);
    };
    read().catch((error: unknown) => {
      if (scan.current === mine) setShown((old) => ({ ...(old.key === key ? old : { scanned: -1 }), key, error: message(error) }));
    }).finally(() => void (mine.reading = false));
  }, [key, end.current, view.forks, view.trouble]);
  return shown.key === key ? shown : { scanned: -1 };
}
