/** One account: its stake over time, what it did, and whether it was banned or put out. */
import type { JSX } from 'preact';
import type { Hex } from '../core/cid.ts';
import { isForAbsence } from '../core/duty.ts';
import { inOrder, type Deed } from '../core/model.ts';
import { number, plural, short } from '../core/text.ts';
import { word } from '../core/hashing.ts';
import { hex } from '../core/cid.ts';
import { Amount, Busy, Chip, Facts, Model, Round, Section, Table, Transaction, Trouble } from './parts.tsx';
import { Plot } from './plot.tsx';
import { Standing } from './members.tsx';
import { linesOf, STAKE_EVENTS, stepsOf } from './stakes.ts';
import { useDeeds, useLoaded, useWatch } from './hooks.ts';

const OF_ACCOUNT = [...STAKE_EVENTS, 'Withdrawn', 'Funded', 'Bid', 'Allowed', 'Expelled', 'Anchored'];
const OF_ROUNDS = ['Pledged', 'Proposed', 'Committed', 'Revealed', 'Shown', 'Published', 'Accused', 'BlockWon', 'Missed'];

export function MemberPage({ account }: { account: Hex }): JSX.Element {
  const { federation, tip, view } = useWatch();
  const member = useLoaded(() => federation.member(account, tip.number), [account], view.trouble, tip.hash);
  const topic = hex(word(account));
  const own = useDeeds(OF_ACCOUNT, [topic], view.birth);
  const acts = useDeeds(OF_ROUNDS, [null, topic], view.birth);
  const error = member.error ?? own.error ?? acts.error;
  const deeds = [...(own.value ?? []), ...(acts.value ?? [])].sort(inOrder).reverse();
  const bans = own.value?.filter(({ name }) => name === 'Banned') ?? [];
  const putOut = own.value?.filter((deed) => deed.name === 'Evicted' && isForAbsence(deed, own.value ?? [])) ?? [];
  const { x, values } = linesOf(stepsOf(own.value ?? []), federation.decimals);
  return (
    <>
      <Section title="Now">
        {error && <Trouble>Some of it can’t be read: {error}.</Trouble>}
        {member.value ? <Facts facts={[
          ['Account', <code class="wrap">{account}</code>],
          ['Standing', <Standing {...member.value} />],
          ['Stake, with what is due', <><Amount units={member.value.balance} /> {federation.symbol}</>],
          ['Stake booked', <Amount units={member.value.stake} />],
          ['Least stake to act', <Amount units={federation.terms.floor ?? federation.terms.bond} />],
          ['Place in the registry', member.value.index ? number(member.value.index) : 'not in it'],
          ['Strikes in a row', member.value.strikes],
          ...(federation.terms.absentAfter === undefined ? [] : [
            ['Missed in a row', member.value.missed ? <>{plural(member.value.missed, 'round')}, the last was <Round round={member.value.missedRound} /></> : 'none'],
            ['Put out for absence', putOut.length ? putOut.map((one) => <span key={one.transaction}>in block {number(one.block)} (<Transaction hash={one.transaction} />) </span>) : 'never'],
          ] as [string, JSX.Element | string][]),
          ['Banned', bans.length ? bans.map((ban) => <span key={ban.transaction}>in round {String(ban.args['round'])} (<Transaction hash={ban.transaction} />) </span>) : 'never'],
        ]} /> : !error && <Busy />}
      </Section>
      <Section title="Stake over time" note="After each booking or other change.">
        {!own.value ? <Busy /> : x.length ? <Plot label={`Stake of ${account} over blocks`} unit={federation.symbol} x={x} xTitle="block" stepped
          lines={[...values].map(([, line]) => ({ name: 'stake', values: line }))} /> : <p class="note">It never had one.</p>}
      </Section>
      <Section title="Record" note={acts.value && own.value ? plural(deeds.length, 'event') : undefined}>
        {own.value && acts.value ? <Table caption="What it did and what it got, the latest first" none="Nothing is known of this account." columns={[
          { title: 'Block', right: true }, { title: 'What' }, { title: 'Round', right: true }, { title: 'About' }, { title: 'Transaction', wide: true },
        ]} rows={deeds.map((deed) => [
          deed.block, deed.name === 'Banned' ? <Chip tone="bad" sign="✕">Banned</Chip> : putOut.includes(deed) ? <Chip tone="dull" sign="–">Evicted for absence</Chip> : deed.name,
          typeof deed.args['round'] === 'bigint' ? <Round round={Number(deed.args['round'])} /> : '', <About deed={deed} />,
          <Transaction hash={deed.transaction} />,
        ])} /> : <Busy />}
      </Section>
    </>
  );
}

function About({ deed }: { deed: Deed }): JSX.Element | null {
  const { args } = deed;
  if (typeof args['missed'] === 'bigint') return <>{plural(args['missed'], 'round')} in a row</>;
  const [delta, sum, stake, samples, pledge] = [args['delta'], args['amount'], args['stake'], args['samples'], args['pledge'] ?? args['anchor']];
  if (typeof args['decoy'] === 'boolean') return <>{args['decoy'] ? 'a decoy' : 'no decoy'}</>;
  if (typeof delta === 'bigint') return <Amount units={delta} sign />;
  if (typeof sum === 'bigint') return <Amount units={sum} />;
  if (typeof samples === 'bigint') return <><Model digest={args['digest'] as Hex} round={Number(args['round'])} /> · {plural(samples, 'sample')}</>;
  if (typeof args['digest'] === 'string') return <Model digest={args['digest'] as Hex} />;
  if (typeof pledge === 'string') return <code title={pledge}>{short(pledge)}</code>;
  return typeof stake === 'bigint' ? <>stake <Amount units={stake} /></> : null;
}
