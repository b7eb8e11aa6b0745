/** The draw, recomputed: registry and permutation from events, and on request the seed from all that was revealed before. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ZERO32, type Hex } from '../core/cid.ts';
import { mixOf, seedOf } from '../core/draw.ts';
import { xor } from '../core/hashing.ts';
import { account as lower, inOrder, type Story } from '../core/model.ts';
import { Registry } from '../core/registry.ts';
import { number } from '../core/text.ts';
import { actors, fewestOf } from '../core/judge.ts';
import { Account, Busy, Chip, Facts, Section, Table, Trouble } from './parts.tsx';
import { message, useLoaded, useWatch, type Loaded } from './hooks.ts';

const MEMBERSHIP = ['Joined', 'Left', 'Evicted', 'Opened', 'Postponed'];

/** The members who were in when the round was opened, in the registry’s order. */
export function useRegistry(story: Story): Loaded<Hex[]> {
  const { federation, view } = useWatch();
  const { opened } = story;
  return useLoaded(async (signal) => {
    if (!opened) return undefined;
    const registry = new Registry({ ...federation.terms, fewest: fewestOf(federation.mechanism, federation.terms) });
    await federation.follow(MEMBERSHIP, view.birth, opened.deed.block, (deed) => {
      if (inOrder(deed, opened.deed) <= 0) registry.follow(deed.name, lower(deed.args['account']));
    }, signal);
    return registry.accounts.slice(0, registry.inside);
  }, [story.round, opened?.deed.blockHash, view.birth, view.forks], view.trouble);
}

interface Props {
  story: Story;
  registry: Loaded<Hex[]>;
  positions: number[] | undefined;
  roles: Map<Hex, string | undefined>;
}

export function DrawSection({ story, registry, positions, roles }: Props): JSX.Element {
  const { opened, drawn } = story;
  if (!opened || !drawn) return <Section title="The draw"><p class="note">The seed isn’t known yet.</p></Section>;
  const { value: accounts, error } = registry;
  const did = actors(story);
  return (
    <Section title="The draw" note="The members’ order follows from the seed, by a keyed permutation that this page computed itself.">
      <Facts facts={[
        ['Seed', <code class="wrap">{drawn.seed}</code>],
        ['Registry', !accounts ? 'reading…' : accounts.length === opened.members
          ? <Chip tone="good" sign="✓">{number(opened.members)} members, as events say</Chip>
          : <Chip tone="bad" sign="✕">{accounts.length} by events, {opened.members} frozen</Chip>],
        ['The seed itself', <Seed key={drawn.seed} story={story} />],
      ]} />
      {error && <Trouble>The registry can’t be rebuilt: {error}.</Trouble>}
      {!accounts && !error && <Busy />}
      {accounts && positions && <Table caption="Members in the order that was drawn" none="Nobody was drawn." columns={[
        { title: 'Position', right: true }, { title: 'Account' }, { title: 'Drawn as' }, { title: 'Acted' }, { title: 'Place', right: true, wide: true },
      ]} rows={accounts.map((account, place) => ({ account, place, position: positions[place] as number })).sort((a, b) => a.position - b.position)
        .map(({ account, place, position }) => [
          position, <Account account={account} />, roles.get(account) ?? 'see its acts: committees are elected', did.has(account) ? 'yes' : 'no', place,
        ])} />}
    </Section>
  );
}

function Seed({ story }: { story: Story }): JSX.Element {
  const { federation, view } = useWatch();
  const [state, setState] = useState<{ text: string; equal?: boolean }>({ text: '' });
  const check = async (): Promise<void> => {
    const { opened, drawn } = story;
    if (!opened || !drawn) return;
    setState({ text: 'Reading every reveal before…' });
    try {
      let mix = ZERO32;
      await federation.follow(['Revealed'], view.birth, drawn.deed.block, (deed) => {
        if (inOrder(deed, drawn.deed) < 0) mix = xor(mix, mixOf(lower(deed.args['voter']), deed.args['salt'] as Hex));
      });
      const entropy = await federation.entropy(story.round, opened.sealBlock, drawn.deed.block);
      const equal = seedOf(entropy, mix, story.round) === drawn.seed;
      setState({ equal, text: equal ? 'follows from what was revealed before' : 'does not follow from what was revealed before' });
    } catch (error) {
      setState({ text: message(error) });
    }
  };
  if (state.equal !== undefined) return <Chip tone={state.equal ? 'good' : 'bad'} sign={state.equal ? '✓' : '✕'}>{state.text}</Chip>;
  return <>{state.text && <span role="status">{state.text} </span>}<button type="button" class="small" onClick={() => void check()}>Recompute the seed</button></>;
}
