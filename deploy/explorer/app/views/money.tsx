/** Who paid whom: what the rules give each, worked out here, beside what was booked on chain. */
import type { JSX } from 'preact';
import type { Hex } from '../core/cid.ts';
import { duesOf, type Judgement } from '../core/judge.ts';
import type { Story } from '../core/model.ts';
import { Account, Amount, Chip, Facts, Section, Table, Transaction } from './parts.tsx';
import { useWatch } from './hooks.ts';

export function Money({ story, judged, roleOf }: { story: Story; judged: Judgement; roleOf: (account: Hex) => string | undefined }): JSX.Element {
  const { federation } = useWatch();
  const dues = [...duesOf(federation.mechanism, federation.terms, story, judged, roleOf)].sort(([, a], [, b]) => (a < b ? 1 : a > b ? -1 : 0));
  const paid = dues.reduce((sum, [, due]) => (due < 0n ? sum - due : sum), 0n);
  const got = dues.reduce((sum, [, due]) => (due > 0n ? sum + due : sum), 0n);
  const { settled } = story;
  return (
    <Section title="Who paid whom" note="This page computes each member’s payout by the rules, and shows what the contract booked. The contract books when the member next acts.">
      <Facts facts={[
        ['Taken from stakes', <Amount units={paid} />], ['Given to members', <Amount units={got} />],
        [paid >= got ? 'Into the pool' : 'Out of the pool', <Amount units={paid >= got ? paid - got : got - paid} />],
        ['Pool after it', settled ? <><Amount units={settled.pool} /> {federation.symbol}</> : ''],
      ]} />
      <Table caption="What the round was worth to each" none="Nobody acted." columns={[
        { title: 'Account' }, { title: 'Did', wide: true }, { title: 'By the rules', right: true }, { title: 'Booked', right: true }, { title: 'Transaction', wide: true },
      ]} rows={dues.map(([account, due]) => {
        const booked = story.collected.get(account);
        return [
          <Account account={account} />, didOf(story, account), <Amount units={due} sign />,
          booked ? <span class="booked"><Amount units={booked.delta} sign /> {booked.delta === due ? <Chip tone="good" sign="✓">equal</Chip> : <Chip tone="bad" sign="✕">differs</Chip>}
            {story.banned.has(account) && <Chip tone="bad" sign="✕">banned</Chip>}</span> : <span class="dull">not yet</span>,
          booked ? <Transaction hash={booked.deed.transaction} /> : '',
        ];
      })} />
    </Section>
  );
}

function didOf(story: Story, account: Hex): string {
  const vote = story.votes.get(account);
  return [
    story.proposals.some(({ proposer }) => proposer === account) ? 'proposed' : story.pledges.has(account) && 'pledged, not proposed',
    story.lots.has(account) && 'shown',
    vote && (vote.revealed ? 'voted' : 'committed, not revealed'),
    story.publications.some(({ publisher }) => publisher === account) && 'published',
    story.winner?.account === account && 'won the block',
  ].filter(Boolean).join(', ');
}
