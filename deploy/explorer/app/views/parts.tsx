/** Small parts that pages are made of. */
import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { cidOf, ZERO32, type Hex } from '../core/cid.ts';
import { OUTCOMES } from '../core/model.ts';
import { amount, brief, short } from '../core/text.ts';
import { useLink, useWatch } from './hooks.ts';

const SIGNS = ['●', '✓', '✕', '–'] as const;
const TONES = ['live', 'good', 'bad', 'dull'] as const;

export function Outcome({ outcome }: { outcome: number }): JSX.Element {
  const known = outcome >= 0 && outcome < OUTCOMES.length ? outcome : 3;
  return <Chip tone={TONES[known] ?? 'dull'} sign={SIGNS[known] ?? '–'}>{OUTCOMES[known] ?? 'Unknown'}</Chip>;
}

export function Chip({ tone, sign, children }: { tone: 'live' | 'good' | 'bad' | 'dull'; sign: string; children: ComponentChildren }): JSX.Element {
  return <span class={`chip ${tone}`}><span aria-hidden="true">{sign}</span> {children}</span>;
}

export function Account({ account, full = false }: { account: Hex; full?: boolean }): JSX.Element {
  const link = useLink();
  return <a class={full ? 'code wrap' : 'code'} href={link({ page: 'member', account })} title={account}>{full ? account : short(account)}</a>;
}

/** A link to a model. `round`: the round that it is an update of, or that accepted it; `before`: what it is compared with. */
export function Model({ digest, before, round, full = false }: { digest: Hex; before?: Hex | undefined; round?: number | undefined; full?: boolean }): JSX.Element {
  const link = useLink();
  if (digest === ZERO32) return <span class="dull">none</span>;
  const cid = cidOf(digest);
  return <a class={full ? 'code wrap' : 'code'} href={link({ page: 'model', digest, before, round })} title={cid}>{full ? cid : short(cid)}</a>;
}

export function Transaction({ hash, children }: { hash: Hex; children?: ComponentChildren }): JSX.Element {
  const link = useLink();
  return <a class={children ? '' : 'code'} href={link({ page: 'transaction', hash })} title={`transaction ${hash}`}>{children ?? short(hash)}</a>;
}

export function Round({ round }: { round: number }): JSX.Element {
  const link = useLink();
  return <a href={link({ page: 'round', round })}>{round}</a>;
}

export function Amount({ units, sign = false }: { units: bigint; sign?: boolean }): JSX.Element {
  const { federation } = useWatch();
  const text = `${sign && units > 0n ? '+' : ''}${brief(units, federation.decimals)}`;
  const tone = !sign || !units ? '' : units < 0n ? 'loss' : 'gain';
  return <span class={`amount ${tone}`} title={`${amount(units, federation.decimals)} (${units} base units)`}>{text}</span>;
}

export function Section({ title, children, note }: { title: string; children: ComponentChildren; note?: ComponentChildren }): JSX.Element {
  const id = `section-${title.toLowerCase().replace(/[^a-z]+/g, '-')}`;
  return (
    <section class="card" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {note && <p class="note">{note}</p>}
      {children}
    </section>
  );
}

export function Facts({ facts }: { facts: [string, ComponentChildren][] }): JSX.Element {
  return <dl class="facts">{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
}

export interface Column {
  title: string;
  /** Left out where the page is narrow. */
  wide?: boolean;
  right?: boolean;
}

const PAGE = 50;

/** A table that shows so many rows at a time. */
export function Table({ caption, columns, rows, none }: { caption: string; columns: Column[]; rows: ComponentChildren[][]; none: string }): JSX.Element {
  const [page, setPage] = useState(0);
  if (!rows.length) return <p class="note">{none}</p>;
  const pages = Math.ceil(rows.length / PAGE);
  const at = Math.min(page, pages - 1);
  const names = (column: Column): string => `${column.wide ? 'wide ' : ''}${column.right ? 'right' : ''}`;
  return (
    <>
      <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
        <table>
          <caption class="hidden">{caption}</caption>
          <thead><tr>{columns.map((column) => <th key={column.title} scope="col" class={names(column)}>{column.title}</th>)}</tr></thead>
          <tbody>
            {rows.slice(at * PAGE, (at + 1) * PAGE).map((cells, row) => (
              <tr key={at * PAGE + row}>{cells.map((cell, column) => <td key={column} class={names(columns[column] as Column)}>{cell}</td>)}</tr>
            ))}
          </tbody>
        </table>
      </div>
      {pages > 1 && (
        <nav class="pages" aria-label={`Pages of: ${caption}`}>
          <button type="button" disabled={at === 0} onClick={() => setPage(at - 1)}>Before</button>
          <span>{at + 1} of {pages}</span>
          <button type="button" disabled={at === pages - 1} onClick={() => setPage(at + 1)}>Next</button>
        </nav>
      )}
    </>
  );
}

export function Trouble({ children }: { children: ComponentChildren }): JSX.Element {
  return <p class="trouble" role="alert">{children}</p>;
}

export function Busy({ children = 'Reading…' }: { children?: ComponentChildren }): JSX.Element {
  return <p class="note busy" role="status">{children}</p>;
}
