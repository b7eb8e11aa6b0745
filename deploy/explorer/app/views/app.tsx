/** The page's frame: where one is, whether the node is there, and which view is shown. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import type { Hex } from '../core/cid.ts';
import { formatHash, parseHash, type Page, type Place } from '../core/route.ts';
import { number, short, time } from '../core/text.ts';
import { Session } from '../edges/session.ts';
import { PlaceContext, WatchContext } from './hooks.ts';
import { MemberPage } from './member.tsx';
import { MembersPage } from './members.tsx';
import { ModelPage } from './model.tsx';
import { RoundPage } from './round.tsx';
import { RoundsPage } from './rounds.tsx';
import { SettingsPage } from './settings.tsx';
import { TransactionPage } from './transaction.tsx';
import { Busy, Trouble } from './parts.tsx';

export function App(): JSX.Element {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = (): void => setHash(location.hash);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  const { page, place } = useMemo(() => parseHash(hash), [hash]);
  const session = useSession(place);
  const view = session?.view;
  const watch = session && view?.federation && view.status && view.tip
    ? { session, view, federation: view.federation, status: view.status, tip: view.tip } : undefined;
  const shown: Page = place.rpc && place.federation ? page : { page: 'settings' };
  const main = useRef<HTMLElement>(null);
  const title = titleOf(shown);
  useEffect(() => {
    document.title = `${title} · FedJury`;
  }, [title]);
  const visited = useRef(title);
  useEffect(() => {
    // whoever follows a link by keyboard or ear goes on at the new page's top
    if (visited.current !== title) {
      visited.current = title;
      main.current?.focus();
      scrollTo(0, 0);
    }
  }, [title]);
  return (
    <PlaceContext.Provider value={place}>
      <WatchContext.Provider value={watch}>
        <button type="button" class="skip" onClick={() => main.current?.focus()}>Skip to content</button>
        <Header place={place} page={shown} />
        <Banner session={session} place={place} />
        <main ref={main} tabIndex={-1} id="content">
          <h1>{title}</h1>
          {shown.page === 'settings' ? <SettingsPage key={hash} /> : watch ? <Shown page={shown} /> : view?.trouble ? null : <Busy>Connecting…</Busy>}
        </main>
      </WatchContext.Provider>
    </PlaceContext.Provider>
  );
}

function useSession(place: Place): Session | undefined {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const session = useMemo(
    () => (place.rpc && place.federation ? new Session(place.rpc, place.federation as Hex) : undefined), [place.rpc, place.federation],
  );
  useEffect(() => {
    if (!session) return;
    const stop = session.listen(() => redraw(undefined as never));
    const hurry = (): void => void (document.visibilityState === 'visible' && session.hurry());
    document.addEventListener('visibilitychange', hurry);
    addEventListener('online', hurry);
    return () => {
      stop();
      document.removeEventListener('visibilitychange', hurry);
      removeEventListener('online', hurry);
      session.end();
    };
  }, [session]);
  return session;
}

function Shown({ page }: { page: Page }): JSX.Element {
  switch (page.page) {
    case 'round':
      return <RoundPage key={page.round} round={page.round} />;
    case 'members':
      return <MembersPage />;
    case 'member':
      return <MemberPage key={page.account} account={page.account} />;
    case 'model':
      return <ModelPage key={`${page.digest}${page.before}${page.round}`} digest={page.digest} before={page.before} round={page.round} />;
    case 'transaction':
      return <TransactionPage key={page.hash} hash={page.hash} />;
    default:
      return <RoundsPage />;
  }
}

function titleOf(page: Page): string {
  switch (page.page) {
    case 'round':
      return `Round ${page.round}`;
    case 'member':
      return `Member ${short(page.account)}`;
    case 'model':
      return 'Model';
    case 'transaction':
      return `Transaction ${short(page.hash)}`;
    case 'members':
      return 'Members';
    case 'settings':
      return 'Connection';
    case 'rounds':
      return 'Rounds';
  }
}

function Header({ place, page }: { place: Place; page: Page }): JSX.Element {
  const links: [string, Page, string[]][] = [
    ['Rounds', { page: 'rounds' }, ['rounds', 'round']], ['Members', { page: 'members' }, ['members', 'member']],
    ['Connection', { page: 'settings' }, ['settings']],
  ];
  return (
    <header>
      <a class="brand" href={formatHash({ page: 'rounds' }, place)}>
        <svg viewBox="0 0 32 32" aria-hidden="true"><path d="M16 3v24M8 28h16M6 9h20M6 9l-4 9h8zM26 9l-4 9h8z" /></svg>
        <span>FedJury</span>
      </a>
      <nav aria-label="Pages">
        {links.map(([name, target, pages]) => (
          <a key={name} href={formatHash(target, place)} {...(pages.includes(page.page) ? { 'aria-current': 'page' as const } : {})}>{name}</a>
        ))}
      </nav>
    </header>
  );
}

/** Whether what is shown is as of now. */
function Banner({ session, place }: { session: Session | undefined; place: Place }): JSX.Element {
  const view = session?.view;
  const { trouble, tip, wrong, forks = 0, fork = 0 } = view ?? {};
  return (
    <div class="banner" role="status">
      {trouble && (
        <Trouble>
          {wrong ? `${trouble}. ` : `The node at ${new URL(place.rpc).host} can’t be read: ${trouble}. `}
          {!wrong && (tip ? `What you see is as of block ${number(tip.number)}. Trying again…` : 'Trying again…')}{' '}
          <button type="button" onClick={() => session?.hurry()}>Try now</button>
        </Trouble>
      )}
      {!trouble && forks > 0 && <p class="note">The chain was reorganised: blocks after {number(Math.max(fork, 0))} were taken back; this page read the new ones.</p>}
      {tip && !trouble && <p class="live" data-block={tip.number}>Block {number(tip.number)} · {time(tip.time)}</p>}
    </div>
  );
}
