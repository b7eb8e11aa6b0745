/** All rounds: where the federation stands, how many were accepted, and a list that reads only what is seen. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ACCEPTED, PHASES } from '../core/model.ts';
import { number, plural, time } from '../core/text.ts';
import type { RoundRecord } from '../edges/federation.ts';
import { Account, Amount, Busy, Facts, Model, Outcome, Round, Section, Trouble } from './parts.tsx';
import { Plot } from './plot.tsx';
import { useLink, useLoaded, useWatch } from './hooks.ts';

const ROW = 44;
const SPARE = 8;
const PLOTTED = 120;

export function RoundsPage(): JSX.Element {
  const { status } = useWatch();
  return (
    <>
      <Standing />
      {status.round > 0 && <Acceptance />}
      {status.round > 0 ? <List count={status.round} /> : <Section title="All rounds"><p class="note">No round was opened yet.</p></Section>}
    </>
  );
}

function Standing(): JSX.Element {
  const { federation, status, tip } = useWatch();
  const { managers } = federation.terms;
  const phase = PHASES[status.phase] ?? 'Unknown';
  const ends: Record<string, number> = {
    Pledge: status.pledgeEnd, Propose: status.proposeEnd, Commit: status.commitEnd, Reveal: status.revealEnd, Publish: status.publishEnd,
  };
  const end = ends[phase] ?? 0;
  const promised = federation.terms.schedule.pledge ? status.record.pledges : status.proposers;
  const awaited: Record<string, string> = {
    Pledge: `${status.record.pledges} of ${status.proposers} pledges`,
    Propose: `${status.record.proposals} of ${promised} proposals`, Commit: `${status.record.commits} of ${status.voters} commitments`,
    Reveal: `${status.record.reveals} of ${status.record.commits} reveals`,
    Publish: `${status.record.publications} of ${status.publishers} publications`,
  };
  return (
    <Section title="Now">
      <Facts facts={[
        ['Mechanism', <code>{federation.mechanism}</code>],
        ['Phase', <><strong>{phase}</strong>{awaited[phase] ? ` · ${awaited[phase]}` : ''}</>],
        ['Round', status.round ? <Round round={status.round} /> : 'none yet'],
        ...(end > tip.time ? [['Until', time(end)] as [string, string]] : []),
        ['Members', number(status.members)],
        ['Who gets in', managers.length
          ? <>whom more than half of these allow: {managers.map((one, at) => <span key={one}>{at ? ', ' : ''}<Account account={one} /></span>)}</>
          : 'anyone'],
        ['Pool', <><Amount units={status.pool} /> {federation.symbol}</>],
        ['Accepted model', <Model digest={status.head} />],
        ['Chain', `id ${federation.chain}`],
        ['Federation', <code class="wrap">{federation.address}</code>],
      ]} />
    </Section>
  );
}

/** How many of the latest rounds were accepted, as a share of all up to each. */
function Acceptance(): JSX.Element | null {
  const { session, status, view } = useWatch();
  const first = Math.max(1, status.round - PLOTTED + 1);
  const last = status.record.outcome ? status.round : status.round - 1;
  const { value: records } = useLoaded(() => session.records(range(first, last)), [first, last, view.forks], view.tip);
  const settled = records?.filter(({ outcome }) => outcome) ?? [];
  if (!settled.length) return null;
  let accepted = 0;
  const share = settled.map(({ outcome }, at) => (100 * (accepted += outcome === ACCEPTED ? 1 : 0)) / (at + 1));
  const title = `${number(accepted)} of ${plural(settled.length, 'settled round')} accepted${first > 1 ? `, of the latest ${PLOTTED}` : ''}`;
  return (
    <Section title="Acceptance" note={title}>
      <Plot label={title} unit="%" x={settled.map(({ round }) => round)} xTitle="round" range={[0, 100]}
        lines={[{ name: 'accepted so far', values: share }]}
        dots={{ name: 'accepted', values: settled.map(({ outcome }) => (outcome === ACCEPTED ? 100 : 0)) }} />
    </Section>
  );
}

function List({ count }: { count: number }): JSX.Element {
  const { session, view, tip } = useWatch();
  const link = useLink();
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const watch = new ResizeObserver(() => setHeight(element.clientHeight));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  const from = Math.max(0, Math.floor(top / ROW) - SPARE);
  const to = Math.min(count, Math.ceil((top + height) / ROW) + SPARE);
  // the latest comes first
  const numbers = range(count - to + 1, count - from).reverse();
  const { value, error } = useLoaded(() => session.records(numbers), [view.forks], view.trouble, `${numbers[0]} ${numbers.length} ${tip.hash}`);
  const known = new Map(value?.map((record) => [record.round, record]));
  return (
    <Section title="All rounds">
      <form class="jump" onSubmit={(event) => {
        event.preventDefault();
        const asked = Number(new FormData(event.currentTarget).get('round'));
        if (Number.isInteger(asked) && asked >= 1 && asked <= count) location.hash = link({ page: 'round', round: asked });
      }}>
        <label for="jump">Go to round</label>
        <input id="jump" name="round" type="number" min={1} max={count} required />
        <button type="submit">Go</button>
      </form>
      {error && <Trouble>Rounds can’t be read: {error}.</Trouble>}
      <div class="rounds scroll" ref={box} tabIndex={0} role="region" aria-label={`${plural(count, 'round')}, the latest first`}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}>
        <table aria-rowcount={count + 1}>
          <caption class="hidden">Rounds, the latest first</caption>
          <thead>
            <tr aria-rowindex={1}>
              <th scope="col" class="right">Round</th><th scope="col">Outcome</th><th scope="col" class="right">Updates</th>
              <th scope="col" class="right">Votes</th><th scope="col" class="right wide">Members</th><th scope="col" class="wide">Drawn</th>
            </tr>
          </thead>
          <tbody>
            <tr aria-hidden="true" class="space"><td colSpan={6} style={{ height: `${from * ROW}px` }} /></tr>
            {numbers.map((round, at) => <Row key={round} round={round} record={known.get(round)} index={from + at + 2} />)}
            <tr aria-hidden="true" class="space"><td colSpan={6} style={{ height: `${(count - to) * ROW}px` }} /></tr>
          </tbody>
        </table>
      </div>
      {!value && !error && <Busy />}
    </Section>
  );
}

function Row({ round, record, index }: { round: number; record: RoundRecord | undefined; index: number }): JSX.Element {
  return (
    <tr aria-rowindex={index} class="round">
      <td class="right"><Round round={round} /></td>
      <td>{record ? <Outcome outcome={record.outcome} /> : '…'}</td>
      <td class="right">{record?.proposals ?? ''}</td>
      <td class="right">{record ? `${record.reveals}/${record.commits}` : ''}</td>
      <td class="right wide">{record?.members ?? ''}</td>
      <td class="wide">{record ? (record.drawnAt ? time(record.drawnAt) : 'not drawn') : ''}</td>
    </tr>
  );
}

function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, at) => first + at);
}
