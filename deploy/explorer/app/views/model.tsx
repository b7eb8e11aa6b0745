/** A model from the gateway: checked against its CID, its schema shown, measured, and to be kept. */
import type { JSX } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import { cidOf, type Hex } from '../core/cid.ts';
import { measure as weigh } from '../core/measure.ts';
import { readSchema, readWeights } from '../core/safetensors.ts';
import { bytes, clean, measure, number, plural } from '../core/text.ts';
import { fetchFile } from '../edges/gateway.ts';
import { Unreachable } from '../edges/limited.ts';
import { Busy, Chip, Facts, Model, Section, Table, Trouble } from './parts.tsx';
import { PlaceContext, useAbsence, useLoaded, useTicks } from './hooks.ts';

const AGAIN = 3_000;

interface Shown {
  data: Uint8Array<ArrayBuffer>;
  measured?: ReturnType<typeof weigh>;
  moved: boolean;
  /** Why its weights can't be read, though its bytes are those of its CID. */
  bad?: string;
}

export function ModelPage({ digest, before, round }: { digest: Hex; before: Hex | undefined; round: number | undefined }): JSX.Element {
  const { gateway } = useContext(PlaceContext);
  const absence = useAbsence();
  const [why, setWhy] = useState<ReturnType<typeof absence>>();
  const [gone, setGone] = useState(false);
  const ticks = useTicks(gone, AGAIN);
  const { value, error } = useLoaded(async (signal) => {
    try {
      const shown = await look(gateway, digest, before, signal);
      setGone(false);
      return shown;
    } catch (problem) {
      setGone(problem instanceof Unreachable);
      setWhy(absence(problem, digest, round));
      throw problem;
    }
  }, [gateway, digest, before], ticks);
  const cid = cidOf(digest);
  return (
    <>
      <Section title="File">
        <Facts facts={[
          ['CID', <code class="wrap">{cid}</code>],
          ['On chain', <code class="wrap">{digest}</code>],
          ['Compared with', before ? <Model digest={before} /> : 'nothing: open the model from a round to see what changed'],
          ...(value ? [
            ['Size', bytes(value.data.length)] as [string, string],
            ['Bytes', <Chip tone="good" sign="✓">are those that the CID names</Chip>] as [string, JSX.Element],
            ['Keep', <Download data={value.data} name={`${cid}.safetensors`} />] as [string, JSX.Element],
          ] : []),
        ]} />
        {error && why?.fine && <p class="note">It can’t be had from the gateway: {error}. {why.says}</p>}
        {error && !why?.fine && <Trouble>It can’t be had from the gateway: {error}. {why?.says}{gone && ' Trying again…'}</Trouble>}
        {!value && !error && <Busy>Fetching…</Busy>}
      </Section>
      {value?.bad && <Section title="Weights"><Trouble>It is no model of this federation: {value.bad}.</Trouble></Section>}
      {value?.measured && <Weights measured={value.measured} moved={value.moved} />}
    </>
  );
}

async function look(gateway: string, digest: Hex, before: Hex | undefined, signal: AbortSignal): Promise<Shown> {
  const [data, old] = await Promise.all([
    fetchFile(gateway, digest, undefined, signal), before ? fetchFile(gateway, before, undefined, signal).catch(() => undefined) : undefined,
  ]);
  try {
    const schema = readSchema(data);
    const weights = readWeights(data, schema);
    let earlier: Float32Array | undefined;
    try {
      earlier = old && readWeights(old, schema);
    } catch {
      // another schema: there is nothing to compare
    }
    return { data, measured: weigh(schema, weights, earlier), moved: earlier !== undefined };
  } catch (problem) {
    return { data, moved: false, bad: problem instanceof Error ? clean(problem.message, 200) : 'it can’t be read' };
  }
}

function Weights({ measured, moved }: { measured: ReturnType<typeof weigh>; moved: boolean }): JSX.Element {
  const { tensors, all } = measured;
  return (
    <Section title="Weights" note={`${plural(all.size, 'weight')} in ${plural(tensors.length, 'tensor')}, float32`}>
      <Facts facts={[
        ['Norm', measure(all.norm)], ['Least', measure(all.least)], ['Most', measure(all.most)],
        ...(moved ? [['Norm of the difference', measure(all.moved ?? 0)] as [string, string]] : []),
      ]} />
      <Table caption="Tensors" none="It has none." columns={[
        { title: 'Name' }, { title: 'Shape' }, { title: 'Weights', right: true, wide: true }, { title: 'Norm', right: true },
        ...(moved ? [{ title: 'Difference', right: true }] : []), { title: 'Least', right: true, wide: true }, { title: 'Most', right: true, wide: true },
      ]} rows={tensors.map((one) => [
        <code class="wrap">{clean(one.name)}</code>, clean(one.shape.join(' × ') || 'scalar', 40), number(one.size), measure(one.norm),
        ...(moved ? [measure(one.moved ?? 0)] : []), measure(one.least), measure(one.most),
      ])} />
    </Section>
  );
}

function Download({ data, name }: { data: Uint8Array<ArrayBuffer>; name: string }): JSX.Element {
  const [url, setUrl] = useState('');
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([data], { type: 'application/octet-stream' }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [data]);
  return <a href={url} download={name}>Download</a>;
}
