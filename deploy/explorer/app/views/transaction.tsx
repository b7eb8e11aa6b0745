/** A transaction: who called what, whether it was done, and what it wrote. */
import type { JSX } from 'preact';
import type { Hex } from '../core/cid.ts';
import type { Deed } from '../core/model.ts';
import { clean, number } from '../core/text.ts';
import { Missing } from '../edges/limited.ts';
import { big, bytes, integer, table } from '../edges/rpc.ts';
import { Account, Busy, Chip, Facts, Section, Table, Trouble } from './parts.tsx';
import { useLoaded, useWatch } from './hooks.ts';

interface Found {
  from: Hex;
  to: Hex | undefined;
  input: Hex;
  block: number | undefined;
  ok: boolean | undefined;
  gas: bigint | undefined;
  deeds: Deed[];
  others: number;
}

const DATA_SHOWN = 4_000;

export function TransactionPage({ hash }: { hash: Hex }): JSX.Element {
  const { federation, tip, view } = useWatch();
  const { value, error } = useLoaded(async (): Promise<Found> => {
    const [sent, got] = await Promise.all([
      federation.rpc.request('eth_getTransactionByHash', hash), federation.rpc.request('eth_getTransactionReceipt', hash),
    ]);
    if (sent === null) throw new Missing('this chain has no such transaction');
    const call = table(sent);
    const receipt = got === null ? undefined : table(got);
    const logs = (Array.isArray(receipt?.['logs']) ? receipt['logs'] : []).map(table);
    const deeds = logs.flatMap((log) => {
      if (String(log['address']).toLowerCase() !== federation.address) return [];
      const topics = (log['topics'] as unknown[]).map(bytes);
      return federation.decodeLog({
        topics, data: bytes(log['data']), block: integer(log['blockNumber']), blockHash: bytes(log['blockHash']), index: integer(log['logIndex']), transaction: hash,
      }) ?? [];
    });
    return {
      from: bytes(call['from']), to: typeof call['to'] === 'string' ? bytes(call['to']) : undefined, input: bytes(call['input']),
      block: receipt && integer(receipt['blockNumber']), ok: receipt && receipt['status'] === '0x1', gas: receipt && big(receipt['gasUsed']),
      deeds, others: logs.length - deeds.length,
    };
  }, [hash, view.forks], tip.hash);
  if (error) return <Section title="What it is"><Trouble>It can’t be shown: {error}.</Trouble></Section>;
  if (!value) return <Section title="What it is"><Busy /></Section>;
  const call = value.to === federation.address ? federation.decodeCall(value.input) : undefined;
  return (
    <>
      <Section title="What it is">
        <Facts facts={[
          ['Hash', <code class="wrap">{hash}</code>],
          ['Status', value.ok === undefined ? <Chip tone="live" sign="●">Waiting</Chip> : value.ok ? <Chip tone="good" sign="✓">Done</Chip> : <Chip tone="bad" sign="✕">Reverted</Chip>],
          ['Block', value.block === undefined ? 'none yet' : number(value.block)],
          ['From', <Account account={value.from} full />],
          ['To', value.to === federation.address ? 'the federation' : <code class="wrap">{value.to ?? 'a new contract'}</code>],
          ['Gas used', value.gas === undefined ? '' : number(value.gas)],
          ['Calls', call ? <code>{call.name}</code> : 'nothing that a federation has'],
        ]} />
      </Section>
      {call && <Section title="Arguments"><Table caption={`Arguments of ${call.name}`} none="The call takes no arguments." columns={[{ title: 'Name' }, { title: 'Value' }]}
        rows={call.args.map(({ name, value: given }) => [<code>{clean(name)}</code>, <Value value={given} />])} /></Section>}
      <Section title="Events" note={value.others ? `and ${value.others} of other contracts` : undefined}>
        {value.deeds.length ? value.deeds.map((deed) => (
          <div key={deed.index}>
            <h3>{deed.name}</h3>
            <Table caption={`Values of ${deed.name}`} none="The event has no values." columns={[{ title: 'Name' }, { title: 'Value' }]}
              rows={Object.entries(deed.args).map(([name, given]) => [<code>{clean(name)}</code>, <Value value={given} />])} />
          </div>
        )) : <p class="note">The transaction emitted no event of the federation.</p>}
      </Section>
      <Section title="Data"><pre tabIndex={0} aria-label="The call’s data">{clean(value.input, DATA_SHOWN)}</pre></Section>
    </>
  );
}

function Value({ value }: { value: unknown }): JSX.Element {
  return <code class="wrap">{clean(Array.isArray(value) ? value.slice(0, 100).map(String).join(', ') : value, 1_000)}</code>;
}
