/** What was pledged, proposed, voted and published in a round. */
import type { JSX } from 'preact';
import type { ComponentChildren } from 'preact';
import { useContext, useState } from 'preact/hooks';
import { ZERO32, type Hex } from '../core/cid.ts';
import { commitment, pledgeOf } from '../core/hashing.ts';
import { ballotScores, ballotWord, bitsOf, seatOf, type Judgement, type Seat } from '../core/judge.ts';
import { PHASES, UNDECIDED, type Pledge, type Proposal, type Story, type Vote } from '../core/model.ts';
import { bytes, number, plural, short } from '../core/text.ts';
import { fetchFile } from '../edges/gateway.ts';
import { Account, Amount, Chip, Model, Section, Table, Transaction } from './parts.tsx';
import { message, PlaceContext, useAbsence, useWatch } from './hooks.ts';

/** Who pledged an update, and whether it was proposed; nothing where the federation asks for no pledges. */
export function Pledges({ story }: { story: Story }): JSX.Element | null {
  const { federation } = useWatch();
  if (!federation.terms.schedule.pledge) return null;
  const pledges = [...story.pledges.values()];
  return (
    <Section title="Pledges" note={`${plural(pledges.length, 'pledge')}. A pledge fixes an update before anybody sees one, so that nobody can copy another’s.`}>
      <Table caption="Pledges of each proposer" none="Nobody pledged." columns={[
        { title: 'Proposer' }, { title: 'Pledge', wide: true }, { title: 'Then' }, { title: 'Cost' }, { title: 'Transaction', wide: true },
      ]} rows={pledges.map((one) => {
        const update = story.proposals.find(({ proposer }) => proposer === one.proposer);
        return [
          <Account account={one.proposer} />, <code title={one.pledge}>{short(one.pledge)}</code>, <Redeemed pledge={one} update={update} story={story} />,
          update ? '' : <Cost story={story} />, <Transaction hash={one.deed.transaction} />,
        ];
      })} />
    </Section>
  );
}

/** Whether the pledged update was proposed. */
function Redeemed({ pledge, update, story }: { pledge: Pledge; update: Proposal | undefined; story: Story }): JSX.Element {
  const { federation } = useWatch();
  const over = useOver(story);
  if (!update) return over ? <Chip tone="bad" sign="✕">not proposed</Chip> : <Chip tone="dull" sign="–">awaited</Chip>;
  const same = pledgeOf(federation.chain, federation.address, story.round, update) === pledge.pledge;
  return same ? <Chip tone="good" sign="✓">update {update.updateNumber}</Chip> : <Chip tone="bad" sign="✕">another update</Chip>;
}

/** What a pledge without an update costs. */
function Cost({ story }: { story: Story }): JSX.Element | null {
  const { federation } = useWatch();
  const { mechanism, terms } = federation;
  if (!useOver(story)) return null;
  if (terms.proposerStake !== undefined) return <Amount units={-terms.proposerStake} sign />;
  if (mechanism !== 'vbfl') return <>its pay</>;
  if (!story.settled) return <>a strike, unless the round is undecided</>;
  return story.settled.outcome === UNDECIDED ? <>nothing: the round is undecided</> : <>a strike</>;
}

/** Whether nothing can be proposed any more in the round. */
function useOver(story: Story): boolean {
  const { status } = useWatch();
  return !!story.settled || story.round < status.round || status.phase > PHASES.indexOf('Propose');
}

export function Proposals({ story, judged, before }: { story: Story; judged: Judgement; before: Hex | undefined }): JSX.Element {
  const { federation } = useWatch();
  const each = federation.mechanism !== 'stake_vote';
  return (
    <Section title="Updates" note={plural(story.proposals.length, 'update')}>
      <Table caption="Proposed updates" none="None was proposed." columns={[
        { title: 'Nr.', right: true }, { title: 'Proposer' }, { title: 'CID' }, { title: 'Samples', right: true },
        { title: 'Epochs', right: true, wide: true }, { title: 'Size', right: true, wide: true }, { title: 'Verdict' }, { title: 'Transaction', wide: true },
      ]} rows={story.proposals.map((one) => [
        one.updateNumber, <Account account={one.proposer} />, <Model digest={one.digest} before={before} round={story.round} />, number(one.samples), number(one.epochs),
        <Size key={one.digest} digest={one.digest} round={story.round} />, <Passed proposal={one} judged={judged} each={each} story={story} />, <Transaction hash={one.deed.transaction} />,
      ])} />
      {federation.mechanism === 'stake_jury' && <p class="note">An update passes if more than half of the jury could have it and more than half of all who revealed find it good. It fails if at most half of those who could have it do; between these it isn’t judged. If at most a quarter of them do, it is clearly rejected, and costs its proposer’s stake unless the round is undecided.{federation.terms.decoyOdds ? ' A decoy is bad on purpose, by its proposer’s lot: it is paid, and left out of the model. What wasn’t shown to be none is left out too.' : ''}</p>}
    </Section>
  );
}

function Passed({ proposal, judged, each, story }: { proposal: Proposal; judged: Judgement; each: boolean; story: Story }): JSX.Element {
  const is = (bitmap: bigint): boolean => ((bitmap >> BigInt(proposal.updateNumber)) & 1n) === 1n;
  const opinion = judged.opinions[proposal.updateNumber];
  if (is(judged.convicted)) return <Chip tone="bad" sign="✕">a copy</Chip>;
  if (!story.settled && !(each && story.publications.length)) return <Chip tone="dull" sign="–">awaited</Chip>;
  const lot = is(judged.decoys) ? <Chip tone="dull" sign="–">a decoy</Chip> : is(judged.unshown) ? <Chip tone="bad" sign="✕">not shown</Chip> : null;
  if (!is(judged.judged)) return <>{lot} <Chip tone="dull" sign="–">not judged</Chip> {opinion && `could be had by ${opinion.had}`}</>;
  const counts = opinion && `good: ${opinion.good} of ${opinion.had}`;
  if (is(judged.blamed)) return opinion ? <>{lot} <Chip tone="bad" sign="✕">clearly rejected</Chip> {counts}</> : <Chip tone="bad" sign="✕">pays</Chip>;
  return <>{lot} {is(judged.passed) ? <Chip tone="good" sign="✓">passed</Chip> : <Chip tone="bad" sign="✕">not passed</Chip>} {counts}</>;
}

/** The chain doesn't know sizes: the gateway is asked for one on request. */
function Size({ digest, round }: { digest: Hex; round: number }): JSX.Element {
  const { gateway } = useContext(PlaceContext);
  const absence = useAbsence();
  const [text, setText] = useState('');
  const look = (): void => {
    setText('…');
    fetchFile(gateway, digest).then((data) => setText(bytes(data.length)), (error: unknown) => setText(absence(error, digest, round)?.says ?? message(error)));
  };
  return text ? <span>{text}</span> : <button type="button" class="small" onClick={look}>Look</button>;
}

export function Votes({ story, judged }: { story: Story; judged: Judgement }): JSX.Element {
  const { federation } = useWatch();
  const votes = [...story.votes.values()];
  const jury = federation.mechanism === 'stake_jury';
  return (
    <Section title="Votes" note={`${plural(story.reveals.length, 'ballot')} revealed of ${plural(votes.length, 'commitment')}. Until a voter reveals, nobody can tell what it voted.`}>
      <Table caption="Votes of each voter" none="Nobody voted." columns={[
        { title: 'Voter' }, { title: 'Ballot' }, ...(jury ? [{ title: 'Seat' }] : []), { title: 'Commitment', wide: true }, { title: 'Committed', wide: true }, { title: 'Revealed', wide: true },
      ]} rows={votes.map((vote) => [
        <Account account={vote.voter} />, <Ballot vote={vote} story={story} judged={judged} />,
        ...(jury ? [<SeatOf vote={vote} story={story} judged={judged} />] : []), <Kept vote={vote} story={story} />, <Transaction hash={vote.committed.transaction} />, vote.revealed ? <Transaction hash={vote.revealed.deed.transaction} /> : '',
      ])} />
      {federation.mechanism === 'bflc' && <p class="note">Scores are in percent, update by update.</p>}
      {jury && <p class="note">A seat is paid if its ballot is the jury’s in at least two thirds of the judged updates that its juror could have, decoys left out, and its juror published the model that most published. A juror that published is excused if its ballot is the jury’s in half of these at least, if it could have less than half of what was judged, or if it didn’t reject a decoy that didn’t pass, even if its juror couldn’t have it. Any other seat costs the juror’s stake, unless the round is undecided and the ballot was revealed.</p>}
    </Section>
  );
}

const SEATS: Record<Seat, string> = {
  paid: 'paid', undecided: 'not paid: the round is undecided', excused: 'excused: it is unlike the jury’s in some, doesn’t reject a decoy, or could have too little', 'never revealed': 'pays: never revealed',
  disagrees: 'pays: its ballot isn’t the jury’s', 'not published': 'pays: it published nothing', 'published another': 'pays: it published another model',
};

/** What a juror's seat comes to, once the round is settled. */
function SeatOf({ vote, story, judged }: { vote: Vote; story: Story; judged: Judgement }): JSX.Element {
  if (!story.settled) return <Chip tone="dull" sign="–">awaited</Chip>;
  const seat = seatOf(story, judged, vote.voter);
  const free = seat === 'undecided' || seat === 'excused';
  const [tone, sign] = seat === 'paid' ? ['good', '✓'] as const : free ? ['dull', '–'] as const : ['bad', '✕'] as const;
  return <Chip tone={tone} sign={sign}>{SEATS[seat]}</Chip>;
}

/** Whether the ballot is the one that the voter committed to. */
function Kept({ vote, story }: { vote: Vote; story: Story }): JSX.Element {
  const { federation } = useWatch();
  if (!vote.revealed) return <span class="dull">not opened</span>;
  const { ballot, salt } = vote.revealed;
  const expected = commitment(federation.chain, federation.address, story.round, vote.voter, ballot, salt);
  return expected === vote.commitment ? <Chip tone="good" sign="✓">kept</Chip> : <Chip tone="bad" sign="✕">broken</Chip>;
}

function Ballot({ vote, story, judged }: { vote: Vote; story: Story; judged: Judgement }): JSX.Element {
  const { federation } = useWatch();
  if (!vote.revealed) return <Chip tone="dull" sign="–">{story.settled ? 'never revealed' : 'sealed'}</Chip>;
  const { ballot } = vote.revealed;
  const updates = (bitmap: bigint): string => (bitmap ? bitsOf(bitmap).join(', ') : 'none');
  let shown: ComponentChildren;
  if (federation.mechanism === 'stake_vote') {
    const digest = ballot.slice(0, 66) as Hex;
    const blames = federation.terms.attribution ? ballotWord(ballot, 1) : 0n;
    shown = digest === ZERO32 ? <><Chip tone="bad" sign="✕">rejects</Chip>{blames ? ` blames ${updates(blames)}` : ''}</>
      : <><Chip tone={digest === judged.candidate ? 'good' : 'dull'} sign="✓">accepts</Chip> <Model digest={digest} /></>;
  } else if (federation.mechanism === 'bflc') {
    shown = ballotScores(ballot).map((score) => (score / 100).toFixed(2)).join(' · ');
  } else if (federation.mechanism === 'stake_jury') {
    shown = <>could have: {updates(ballotWord(ballot, 1))}; good: {updates(ballotWord(ballot, 0))}</>;
  } else {
    const copies = federation.mechanism === 'blade' ? ballotWord(ballot, 1) : 0n;
    shown = <>finds good: {updates(ballotWord(ballot, 0))}{copies ? `; copies: ${updates(copies)}` : ''}</>;
  }
  return <span>{shown}</span>;
}

export function Publications({ story }: { story: Story }): JSX.Element | null {
  if (!story.publications.length) return null;
  return (
    <Section title="Publications" note="Each publisher computed the model itself.">
      <Table caption="Published models" none="" columns={[
        { title: 'Publisher' }, { title: 'CID' }, { title: 'Made of updates' }, { title: 'Transaction', wide: true },
      ]} rows={story.publications.map((one) => [
        <Account account={one.publisher} />, <Model digest={one.digest} />, one.selection ? bitsOf(one.selection).join(', ') : 'none',
        <Transaction hash={one.deed.transaction} />,
      ])} />
    </Section>
  );
}

/** Who was drawn and did nothing, as anybody reported; nothing where a seat is no duty. */
export function Absences({ story, roleOf }: { story: Story; roleOf: (account: Hex) => string | undefined }): JSX.Element | null {
  const { federation } = useWatch();
  const { absentAfter } = federation.terms;
  if (absentAfter === undefined || !story.absences.size) return null;
  return (
    <Section title="Absences" note={`Drawn members that had done nothing when the ballots were in.${absentAfter ? ` ${plural(absentAfter, 'round')}${absentAfter > 1 ? ' in a row' : ''} put a member out; any act in between starts anew.` : ''}`}>
      <Table caption="Members reported as absent" none="" columns={[
        { title: 'Account' }, { title: 'Role' }, { title: 'Missed in a row', right: true }, { title: 'Transaction', wide: true },
      ]} rows={[...story.absences.values()].map((one) => [
        <Account account={one.account} />, roleOf(one.account) ?? '', number(one.missed), <Transaction hash={one.deed.transaction} />,
      ])} />
    </Section>
  );
}
