/** Everybody in the registry, with what each owns, and the terms that all are under. */
import type { JSX } from 'preact';
import { describeMissed } from '../core/duty.ts';
import { STANDINGS } from '../core/model.ts';
import { plural, short } from '../core/text.ts';
import { findTime } from '../edges/finding.ts';
import { Account, Amount, Busy, Chip, Round, Section, Table, Trouble } from './parts.tsx';
import { Plot, type Series } from './plot.tsx';
import { linesOf, STAKE_EVENTS, stepsOf } from './stakes.ts';
import { TermsTable } from './terms.tsx';
import { useDeeds, useLoaded, useWatch } from './hooks.ts';

const LINES = 24;
const ROUNDS = 100;

export function MembersPage(): JSX.Element {
  const { federation, status, tip, view } = useWatch();
  const { value: members, error } = useLoaded(() => federation.members(status.members, tip.number), [federation.address], view.trouble, tip.hash);
  return (
    <>
      <Section title="In the registry" note={plural(status.members, 'member')}>
        {error && <Trouble>Members can’t be read: {error}.</Trouble>}
        {!members && !error && <Busy />}
        {members && <Table caption="Members, in the registry’s order" none="Nobody is a member." columns={[
          { title: 'Place', right: true, wide: true }, { title: 'Account' }, { title: `Stake (${federation.symbol})`, right: true },
          { title: 'Standing' }, { title: 'Last acted in round', right: true, wide: true }, { title: 'Strikes', right: true, wide: true },
        ]} rows={members.map((member) => [
          member.index, <Account account={member.account} />, <Amount units={member.balance} />, <Standing {...member} ahead={members.filter(({ waitsFor, index }) => waitsFor && index < member.index).length} />,
          member.round ? <Round round={member.round} /> : 'never', member.strikes,
        ])} />}
      </Section>
      <Balances />
      <TermsTable />
    </>
  );
}

export function Standing({ standing, out, waitsFor, missed, absent, ahead }: { standing: number; out: boolean; waitsFor: number; missed: number; absent: boolean; ahead?: number }): JSX.Element {
  const { federation } = useWatch();
  if (out && standing === 1) return <Chip tone="bad" sign="✕">Out</Chip>;
  if (waitsFor) return <Chip tone="dull" sign="…">{`Waits${ahead ? ` for ${plural(ahead, 'other')}` : ''}; comes in with round ${waitsFor} at the earliest`}</Chip>;
  const tone = standing === 1 ? 'good' : standing === 3 ? 'bad' : 'dull';
  const says = standing === 1 ? describeMissed(missed, federation.terms.absentAfter, absent) : undefined;
  return (
    <>
      <Chip tone={tone} sign={tone === 'good' ? '✓' : tone === 'bad' ? '✕' : '–'}>{STANDINGS[standing] ?? 'Unknown'}</Chip>
      {says && <> <Chip tone="dull" sign="–">{says}</Chip></>}
    </>
  );
}

/** Stakes over the latest rounds, as they were booked. */
function Balances(): JSX.Element | null {
  const { federation, session, status, tip, view } = useWatch();
  const from = Math.max(1, status.round - ROUNDS);
  const { value: first } = useLoaded(async () => {
    const [record] = from > 1 ? await session.records([from]) : [];
    return record?.drawnAt ? await findTime(federation, record.drawnAt, view.birth, tip.number) : view.birth;
  }, [Math.floor(from / ROUNDS), view.birth], view.trouble);
  const { value: deeds, error } = useDeeds(STAKE_EVENTS, [], first);
  if (error && !deeds) return <Section title="Stakes over time"><Trouble>Events can’t be read: {error}.</Trouble></Section>;
  if (!deeds) return <Section title="Stakes over time"><Busy /></Section>;
  const { x, values } = linesOf(stepsOf(deeds), federation.decimals);
  const accounts = [...values.keys()];
  const lines: Series[] = accounts.length <= LINES
    ? accounts.map((account) => ({ name: short(account), values: values.get(account) ?? [] }))
    : quantiles([...values.values()], x.length);
  const note = `As booked on chain${from > 1 ? `, in the latest ${ROUNDS} rounds` : ''}; what is due is booked when a member next acts.`;
  return (
    <Section title="Stakes over time" note={note}>
      {x.length ? <Plot label={`Stakes of ${plural(accounts.length, 'account')} over blocks`} unit={federation.symbol} x={x} xTitle="block" lines={lines} stepped />
        : <p class="note">Nothing was booked.</p>}
    </Section>
  );
}

function quantiles(lines: (number | null)[][], length: number): Series[] {
  const at = (share: number) => Array.from({ length }, (_, place) => {
    const sorted = lines.flatMap((line) => line[place] ?? []).sort((a, b) => a - b);
    return sorted[Math.floor(share * (sorted.length - 1))] ?? null;
  });
  return [{ name: 'least', values: at(0) }, { name: 'median', values: at(0.5) }, { name: 'most', values: at(1) }];
}
