/** The phases of a round, as they came, and what they cost in gas. */
import type { JSX } from 'preact';
import type { Hex } from '../core/cid.ts';
import type { Deed, Story } from '../core/model.ts';
import { number, plural, time } from '../core/text.ts';
import { big, table } from '../edges/rpc.ts';
import { Section, Table, Transaction } from './parts.tsx';
import { useLoaded, useWatch } from './hooks.ts';

const RECEIPTS = 500;

export function Timeline({ story }: { story: Story }): JSX.Element {
  const { federation, view } = useWatch();
  const steps = stepsOf(story);
  const deeds = steps.flatMap((step) => step.deeds);
  const hashes = [...new Set(deeds.map(({ transaction }) => transaction))].slice(0, RECEIPTS);
  const ends = [...new Set(steps.flatMap(({ deeds: [first, ...more] }) => (first ? [first.block, (more.at(-1) ?? first).block] : [])))];
  const gas = useLoaded(async () => {
    const used = new Map<Hex, bigint>();
    await Promise.all(hashes.map(async (hash) => {
      const receipt = await federation.rpc.request('eth_getTransactionReceipt', hash);
      if (receipt !== null) used.set(hash, big(table(receipt)['gasUsed']));
    }));
    return used;
  }, [hashes.join(), view.forks], view.trouble);
  const times = useLoaded(async () => {
    const blocks = await Promise.all(ends.map((block) => federation.rpc.block(block)));
    return new Map(blocks.flatMap((block) => (block ? [[block.number, block.time] as const] : [])));
  }, [ends.join(), view.forks], view.trouble);
  const when = (deed: Deed | undefined): string => {
    const seconds = deed && times.value?.get(deed.block);
    return seconds === undefined ? '' : time(seconds);
  };
  let total = 0n;
  const rows = steps.map(({ name, deeds: done, count }) => {
    const sent = new Set(done.map(({ transaction }) => transaction));
    const used = [...sent].reduce((sum, hash) => sum + (gas.value?.get(hash) ?? 0n), 0n);
    total += used;
    const [first, last] = [done[0], done.at(-1)];
    return [
      <strong>{name}</strong>, count, first ? when(first) : '', last && last !== first ? when(last) : '',
      gas.value && used ? number(used) : '', first ? <Transaction hash={first.transaction} /> : '',
    ];
  });
  return (
    <Section title="Timeline" note={gas.value && total ? `${number(total)} gas in ${plural(hashes.length, 'transaction')}` : undefined}>
      <Table caption="Phases, in their order" none="Nothing happened yet." columns={[
        { title: 'Phase' }, { title: 'What' }, { title: 'From' }, { title: 'To', wide: true }, { title: 'Gas', right: true, wide: true },
        { title: 'First transaction', wide: true },
      ]} rows={rows} />
    </Section>
  );
}

function stepsOf(story: Story): { name: string; deeds: Deed[]; count: string }[] {
  const { opened, drawn, settled } = story;
  const one = (name: string, count: string, deed: Deed | undefined): { name: string; deeds: Deed[]; count: string }[] => (deed ? [{ name, deeds: [deed], count }] : []);
  const several = (name: string, what: string, deeds: Deed[]): { name: string; deeds: Deed[]; count: string }[] => (
    deeds.length ? [{ name, deeds, count: plural(deeds.length, what) }] : []
  );
  return [
    ...one('Open', opened ? plural(opened.members, 'member') : '', opened?.deed),
    ...one('Draw', 'seed recorded', drawn?.deed),
    ...several('Pledge', 'pledge', [...story.pledges.values()].map(({ deed }) => deed)),
    ...several('Propose', 'proposal', story.proposals.map(({ deed }) => deed)),
    ...several('Accuse', 'accusation', story.accusations.map(({ deed }) => deed)),
    ...several('Commit', 'commitment', [...story.votes.values()].map(({ committed }) => committed)),
    ...several('Reveal', 'reveal', story.reveals.map(({ deed }) => deed)),
    ...several('Show', 'lot', [...story.lots.values()].map(({ deed }) => deed)),
    ...several('Report', 'absence', [...story.absences.values()].map(({ deed }) => deed)),
    ...several('Publish', 'publication', story.publications.map(({ deed }) => deed)),
    ...one('Settle', 'done', settled?.deed),
  ];
}
