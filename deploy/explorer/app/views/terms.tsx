/** What the federation was deployed with. What each term means comes from the clients, when the page is built. */
import abi, { type Label } from 'fedjury:abi';
import type { ComponentChildren, JSX } from 'preact';
import { account as lower, type Terms } from '../core/model.ts';
import { clean, decoded, number, time } from '../core/text.ts';
import { useWatch } from './hooks.ts';
import { Account, Amount, Section, Table } from './parts.tsx';

export function TermsTable(): JSX.Element {
  const { federation } = useWatch();
  const values = federation.terms as Terms & Record<string, unknown>;
  const rows = Object.entries(abi.labels[federation.mechanism] ?? {}).map(([name, label]) => [
    <code>{name}</code>, label.help, <Value label={label} value={values[name]} />,
  ]);
  return (
    <Section title="Terms" note={`This ${federation.mechanism} federation was deployed with these terms; nobody can change them.`}>
      <Table caption="Terms, in the contract’s order" none="It has no terms of its own." columns={[
        { title: 'Term', wide: true }, { title: 'What it is' }, { title: 'Value', right: true },
      ]} rows={rows} />
    </Section>
  );
}

function Value({ label, value }: { label: Label; value: unknown }): JSX.Element {
  const { federation } = useWatch();
  switch (label.unit) {
    case 'TOKENS': return <><Amount units={BigInt(value as bigint)} /> {federation.symbol}</>;
    case 'BPS': return <>{Number(value) / 100} %</>;
    case 'SECONDS': return <>{number(Number(value))} seconds</>;
    case 'TIME': return <>{time(Number(value))}</>;
    case 'FLAG': return <>{value ? 'yes' : 'no'}</>;
    case 'ADDRESS': return <Account account={lower(value)} />;
    case 'ADDRESSES': return <>{(value as unknown[]).map((one): ComponentChildren => <span key={String(one)}><Account account={lower(one)} /> </span>)}</>;
    case 'TEXT': return <>{decoded(String(value))}</>;
    case 'ELECTION': return <>{label.choices?.[Number(value)] ?? clean(value)}</>;
    default: return <>{number(value as number | bigint)}</>;
  }
}
