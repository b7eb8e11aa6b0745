/** A plot for the eyes, and the same numbers as a table for everybody. */
import uPlot from 'uplot';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { measure } from '../core/text.ts';
import { Table } from './parts.tsx';

export interface Series {
  name: string;
  values: (number | null)[];
}

interface Props {
  label: string;
  unit: string;
  x: number[];
  xTitle: string;
  lines: Series[];
  dots?: Series;
  range?: [number, number];
  /** A value holds until the next one. */
  stepped?: boolean;
}

const HEIGHT = 220;

export function Plot(props: Props): JSX.Element {
  const { label, unit, x, xTitle, lines, dots, range } = props;
  const box = useRef<HTMLDivElement>(null);
  const all = dots ? [...lines, dots] : lines;
  const key = JSON.stringify([x, all, unit, range]);
  useEffect(() => {
    const element = box.current;
    if (!element || !x.length) return;
    const dark = matchMedia('(prefers-color-scheme: dark)');
    let plot: uPlot | undefined;
    const draw = (): void => {
      plot?.destroy();
      plot = new uPlot(options(props, element), [x, ...all.map(({ values }) => values)], element);
    };
    const fit = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height: HEIGHT }));
    draw();
    fit.observe(element);
    dark.addEventListener('change', draw);
    return () => {
      fit.disconnect();
      dark.removeEventListener('change', draw);
      plot?.destroy();
    };
  }, [key]);
  const rows = x.map((value, at) => [value, ...all.map(({ values }) => (values[at] == null ? '' : measure(values[at])))]);
  return (
    <>
      <div class="plot" ref={box} role="img" aria-label={label} />
      <details>
        <summary>The same data as a table</summary>
        <Table caption={label} none="nothing" rows={rows.reverse()}
          columns={[{ title: xTitle, right: true }, ...all.map(({ name }) => ({ title: `${name} (${unit})`, right: true }))]} />
      </details>
    </>
  );
}

function options({ lines, dots, unit, range, xTitle, stepped }: Props, element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = { stroke: color('--dull'), grid: { stroke: color('--line'), width: 1 }, ticks: { stroke: color('--line'), width: 1 }, font: '12px system-ui' };
  const paths = stepped ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
  const shades = Array.from({ length: 8 }, (_, at) => color(`--plot-${at}`));
  return {
    width: element.clientWidth, height: HEIGHT, legend: { show: lines.length > 1 && lines.length < 13 }, cursor: { points: { size: 7 } },
    scales: { x: { time: false }, y: range ? { range } : {} },
    axes: [{ ...axis, label: xTitle, labelSize: 18, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10_000] }, { ...axis, label: unit, labelSize: 18, size: 56 }],
    series: [
      { label: xTitle },
      ...lines.map(({ name }, at): uPlot.Series => ({ label: name, stroke: shades[at % 8] ?? 'gray', width: 2, spanGaps: true, points: { show: lines.length < 3, size: 5 }, ...(paths ? { paths } : {}) })),
      ...(dots ? [{ label: dots.name, stroke: color('--dull'), points: { show: true, size: 6, fill: color('--dull') }, paths: () => null } satisfies uPlot.Series] : []),
    ],
  };
}
