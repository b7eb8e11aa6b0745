/** A round: what happened when, who proposed and voted what, what came of it, and who paid whom. */
import type { JSX } from 'preact';
import { hex, ZERO32, type Hex } from '../core/cid.ts';
import { positionsOf } from '../core/draw.ts';
import { word } from '../core/hashing.ts';
import { judge, rolesAt } from '../core/judge.ts';
import { ACCEPTED, tell, type Story } from '../core/model.ts';
import { number, plural } from '../core/text.ts';
import { findTime } from '../edges/finding.ts';
import { Missing } from '../edges/limited.ts';
import { Account, Busy, Facts, Model, Outcome, Round, Section, Transaction, Trouble } from './parts.tsx';
import { DrawSection, useRegistry } from './draw.tsx';
import { Money } from './money.tsx';
import { Absences, Pledges, Proposals, Publications, Votes } from './deeds.tsx';
import { Timeline } from './timeline.tsx';
import { Verify } from './verify.tsx';
import { useDeeds, useLoaded, useWatch } from './hooks.ts';

const EVENTS = ['Opened', 'Drawn', 'Pledged', 'Proposed', 'Committed', 'Revealed', 'Shown', 'Published', 'Accused', 'Missed', 'BlockWon', 'Settled'];
const BOOKED = ['Collected', 'Banned'];
/** A round is drawn within so many blocks of its opening, or void. */
const DRAW_BLOCKS = 256;

interface Where {
  first: number;
  last: number | undefined;
  settled: boolean;
}

export function RoundPage({ round }: { round: number }): JSX.Element {
  const { federation, session, status, view, tip } = useWatch();
  const current = round >= status.round;
  const where = useLoaded(async (): Promise<Where> => {
    if (round < 1 || round > status.round) throw new Missing(`there is no round ${round}: ${plural(status.round, 'round')} were opened`);
    const [record, next] = await session.records([round, round + 1]);
    const at = async (seconds: number): Promise<number> => await findTime(federation, seconds, view.birth, tip.number);
    // a round that was never drawn is looked for between its neighbours
    const [before] = record?.drawnAt || round === 1 ? [record] : await session.records([round - 1]);
    const start = before?.drawnAt ? await at(before.drawnAt) : view.birth;
    const end = !current && next?.drawnAt ? await at(next.drawnAt) : undefined;
    return { first: Math.max(view.birth, start - DRAW_BLOCKS - 1), last: end, settled: !!record?.outcome };
  }, [round, current, current ? status.record.outcome : 0, status.record.drawnAt === 0, view.forks, view.birth], tip.hash);
  const topic = hex(word(round));
  const events = useDeeds(EVENTS, [topic], where.value?.first, where.value?.last);
  const booked = useDeeds(BOOKED, [null, topic], where.value?.first);
  const error = where.error ?? events.error ?? booked.error;
  if (!events.value || (error && !events.value.length)) return error ? <Section title="Verdict"><Trouble>This round can’t be read: {error}.</Trouble></Section> : <Busy />;
  return (
    <>
      {error && <Trouble>The latest of this round can’t be read: {error}.</Trouble>}
      <Told story={tell(round, [...events.value, ...(booked.value ?? [])])} />
    </>
  );
}

function Told({ story }: { story: Story }): JSX.Element {
  const { federation, status } = useWatch();
  const { settled, round } = story;
  const judged = judge(federation.mechanism, federation.terms, story);
  const registry = useRegistry(story);
  const members = story.opened?.members ?? 0;
  const positions = story.drawn && registry.value?.length === members ? positionsOf(story.drawn.seed, members) : undefined;
  const roles = new Map(registry.value?.map((account, place) => [
    account, positions && rolesAt(federation.mechanism, federation.terms, members, positions[place] as number),
  ]));
  const roleOf = (account: Hex): string | undefined => roles.get(account);
  const before = useHeadBefore(story);
  const accepted = settled?.outcome === ACCEPTED ? round : undefined;
  return (
    <>
      <nav class="pages" aria-label="Neighbours">
        {round > 1 ? <span>← <Round round={round - 1} /></span> : <span />}
        {round < status.round && <span><Round round={round + 1} /> →</span>}
      </nav>
      <Section title="Verdict">
        <Facts facts={[
          ['Outcome', <Outcome outcome={settled?.outcome ?? 0} />],
          ['For', number(settled?.votesFor ?? judged.votesFor)],
          ['Against', number(settled?.votesAgainst ?? judged.votesAgainst)],
          ['Model voted on', <Model digest={settled ? settled.candidate : judged.candidate} before={before} round={accepted} />],
          ...(settled ? [
            ['Model after it', <Model digest={settled.head} before={before} round={accepted} />] as [string, JSX.Element],
            ['Settled', <><Transaction hash={settled.deed.transaction} /> · block {number(settled.deed.block)}</>] as [string, JSX.Element],
          ] : []),
          ...(story.winner ? [['Block won by', <Account account={story.winner.account} />] as [string, JSX.Element]] : []),
        ]} />
      </Section>
      <Timeline story={story} />
      <Pledges story={story} />
      <Proposals story={story} judged={judged} before={before} />
      <Votes story={story} judged={judged} />
      <Publications story={story} />
      <Absences story={story} roleOf={roleOf} />
      {settled && <Money story={story} judged={judged} roleOf={roleOf} />}
      <DrawSection story={story} registry={registry} positions={positions} roles={roles} />
      <Verify story={story} judged={judged} before={before} roleOf={positions && roleOf} />
    </>
  );
}

/** The head that the round began with. */
function useHeadBefore(story: Story): Hex | undefined {
  const { federation, view } = useWatch();
  const { value } = useLoaded(async () => {
    if (story.round === 1) return federation.terms.genesis;
    // the previous round's end says it, whatever states the node has forgotten
    const topic = hex(word(story.round - 1));
    const last = story.opened?.deed.block ?? 0;
    const near = await federation.deeds(['Settled'], [topic], Math.max(view.birth, last - 5_000), last);
    const found = near.length ? near : await federation.deeds(['Settled'], [topic], view.birth, last);
    return found[0]?.args['head'] as Hex | undefined;
  }, [story.round, story.opened?.deed.blockHash, view.forks], view.trouble);
  return value && value !== ZERO32 ? value : undefined;
}

