/** What views share: the session, the place, and events that follow the chain. */
import { createContext } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import type { Hex } from '../core/cid.ts';
import type { Deed } from '../core/model.ts';
import { formatHash, NOWHERE, type Page, type Place } from '../core/route.ts';
import { clean } from '../core/text.ts';
import type { Federation, Status } from '../edges/federation.ts';
import type { Block } from '../core/fork.ts';
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

/** Loads anew when `keys` change, and again after trouble whenever the node is heard of. What was shown stays until then. */
export function useLoaded<Value>(load: (signal: AbortSignal) => Promise<Value | undefined>, keys: readonly unknown[], again: unknown = 0): Loaded<Value> {
  const [state, setState] = useState<Loaded<Value> & { keys?: string }>({});
  const text = keys.map(String).join('|');
  const retry = state.error ? again : 0;
  useEffect(() => {
    const control = new AbortController();
    load(control.signal).then(
      (value) => control.signal.aborted || setState({ keys: text, ...(value === undefined ? {} : { value }) }),
      (error: unknown) => control.signal.aborted || setState((old) => ({ ...old, keys: text, error: message(error) })),
    );
    return () => control.abort();
  }, [text, retry]);
  return state;
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
}

const DEEDS_MAX = 50_000;

/** Events from block `first` on, up to `last` or the latest: read on as the chain grows, and back from where it forked. */
export function useDeeds(names: readonly string[], words: (Hex | null)[], first: number | undefined, last?: number): Loaded<Deed[]> & { scanned: number } {
  const { federation, view, tip } = useWatch();
  const key = [federation.rpc.url, federation.address, names.join(), words.join(), first].join('|');
  const scan = useRef<Scan>({ key: '', deeds: [], scanned: -1, forks: 0 });
  const [shown, setShown] = useState<Loaded<Deed[]> & { scanned: number; key: string }>({ scanned: -1, key: '' });
  const end = Math.min(last ?? tip.number, tip.number);
  useEffect(() => {
    if (first === undefined) return;
    let stopped = false;
    const now = scan.current;
    if (now.key !== key) scan.current = { key, deeds: [], scanned: first - 1, forks: view.forks };
    else if (now.forks !== view.forks) {
      const deeds = now.deeds.filter(({ block }) => block <= view.fork);
      scan.current = { key, deeds, scanned: Math.min(now.scanned, Math.max(view.fork, first - 1)), forks: view.forks };
    }
    const { deeds, scanned, forks } = scan.current;
    const read = scanned < end ? federation.deeds(names, words, scanned + 1, end) : Promise.resolve([]);
    read.then((more) => {
      if (stopped) return;
      if (deeds.length + more.length > DEEDS_MAX) throw new Error(`more than ${DEEDS_MAX} events: too many for a page`);
      scan.current = { key, deeds: more.length ? [...deeds, ...more] : deeds, scanned: Math.max(scanned, end), forks };
      setShown({ key, value: scan.current.deeds, scanned: scan.current.scanned });
    }).catch((error: unknown) => void (stopped || setShown((old) => ({ ...old, error: message(error) }))));
    return () => void (stopped = true);
  }, [key, end, view.forks, view.trouble]);
  return shown.key === key ? shown : { scanned: -1, ...(shown.error && shown.key === '' ? { error: shown.error } : {}) };
}
