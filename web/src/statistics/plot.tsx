/** One plot over time, drawn by uPlot on a canvas of a fixed height: new figures move nothing around it. */
import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { durationText } from '../time.js';
import { T } from '../strings/statistics.js';
import { periodText, rateText, type Series } from './series.js';
import { STEP_MS } from './query.js';

/** A colour variable of the page. */
export type Colour = '--good' | '--bad' | '--warn' | '--busy' | '--idle' | '--edge';

export interface Line {
  label: string;
  colour: Colour;
  /** Told apart from another line without its colour. */
  dashed?: true;
  values: (number | null)[];
}

export interface PlotProps {
  title: string;
  series: Series;
  lines: readonly Line[];
  /** Bars stand on each other, the first line at the bottom. */
  drawn: 'bars' | 'lines';
  unit: 'count' | 'ms' | 'percent';
}

const HEIGHT = 200;
const MINUTE = 60_000;
/** Steps of an axis of durations that read well. */
const DURATIONS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000],
  ...[1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 720, 1_440, 2_880, 7_200, 14_400].map(
    (minutes) => minutes * MINUTE,
  ),
  ...[20, 50, 100, 200, 500, 1_000, 2_000, 5_000].map((days) => days * 1_440 * MINUTE),
];
const COUNTS = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map((one) => one * 10 ** power));

export function Plot(props: PlotProps) {
  const { title, series, lines, unit } = props;
  const place = useRef<HTMLDivElement>(null);
  const drawing = useRef<{ plot: uPlot; shape: string }>(undefined);
  const [hovered, setHovered] = useState<number>();
  useEffect(() => {
    if (!place.current) return;
    // Only figures that change are put in; another time or step is another drawing.
    const shape = JSON.stringify([series.by, lines.length]);
    if (drawing.current?.shape !== shape) {
      drawing.current?.plot.destroy();
      drawing.current = { plot: plotOf(place.current, props, setHovered), shape };
    } else drawing.current.plot.setData(dataOf(props));
  }, [series, lines]);
  useEffect(() => follow(place, drawing), []);
  const { by, at } = series;
  const [first, last] = [at[0] ?? 0, at.at(-1) ?? 0];
  const index = hovered !== undefined && hovered < at.length ? hovered : undefined;
  return (
    <figure className="card plot">
      <figcaption>
        <div className="plot-title">
          <h2>{title}</h2>
          <span className="soft small" aria-hidden="true">
            {index !== undefined && periodText(at[index] ?? 0, by)}
          </span>
        </div>
        <ul className="plot-legend small">
          {lines.map(({ label, colour, dashed, values }) => (
            <li key={label}>
              <span
                className={`swatch ${dashed ? 'dashed' : ''}`}
                style={{ color: `var(${colour})` }}
              />
              {label}
              <span className={`plot-value ${unit}`}>
                {index !== undefined && valueText(values[index] ?? null, unit)}
              </span>
            </li>
          ))}
        </ul>
      </figcaption>
      <div
        className="plot-place"
        ref={place}
        role="img"
        aria-label={T.drawn(title, periodText(first, by), periodText(last, by))}
      />
    </figure>
  );
}

export function valueText(value: number | null, unit: PlotProps['unit']): string {
  if (unit === 'percent') return rateText(value);
  if (value === null) return '–';
  return unit === 'ms' ? durationText(value) : String(value);
}

/** Keeps the width of its place, and the colours of light or dark. */
function follow(
  place: React.RefObject<HTMLDivElement | null>,
  drawing: React.RefObject<{ plot: uPlot; shape: string } | undefined>,
) {
  const size = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry?.contentRect.width ?? 0);
    if (width > 0) drawing.current?.plot.setSize({ width, height: HEIGHT });
  });
  if (place.current) size.observe(place.current);
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const repaint = () => drawing.current?.plot.redraw();
  dark.addEventListener('change', repaint);
  return () => {
    size.disconnect();
    dark.removeEventListener('change', repaint);
    drawing.current?.plot.destroy();
    drawing.current = undefined;
  };
}

const paint = (name: Colour | '--line' | '--soft') => () =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Bars are drawn from the top of the pile down, each over the one behind it. */
function dataOf({ series, lines, drawn }: PlotProps): uPlot.AlignedData {
  const x = series.at.map((time) => time / 1_000);
  if (drawn === 'lines') return [x, ...lines.map(({ values }) => values)];
  const piles: number[][] = [];
  for (const { values } of lines)
    piles.unshift(values.map((value, index) => (value ?? 0) + (piles[0]?.[index] ?? 0)));
  return [x, ...piles];
}

function plotOf(
  place: HTMLElement,
  props: PlotProps,
  onHover: (index: number | undefined) => void,
): uPlot {
  const { series, lines, drawn, unit } = props;
  const half = STEP_MS[series.by] / 2_000;
  const inOrder = drawn === 'bars' ? [...lines].reverse() : lines;
  const axis = { stroke: paint('--soft'), font: '12px system-ui, sans-serif' };
  const grid = { stroke: paint('--line'), width: 1 };
  const options: uPlot.Options = {
    ...{ width: Math.max(1, Math.floor(place.clientWidth)), height: HEIGHT },
    padding: [12, 8, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC'),
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false }, sync: SYNC },
    scales: {
      x: { range: (_, min, max) => [min - half, max + half] },
      y: { range: (_, __, max) => [0, unit === 'percent' ? 100 : roundUp(max, unit)] },
    },
    axes: [
      { ...axis, grid: { show: false }, ticks: grid, values: timeLabels, size: 34 },
      {
        ...{ ...axis, grid, ticks: { show: false }, size: 74 },
        incrs: unit === 'ms' ? DURATIONS : COUNTS.flat(),
        values: (_, values) =>
          values.map((value) => (unit === 'percent' ? `${value} %` : valueText(value, unit))),
      },
    ],
    series: [
      {},
      ...inOrder.map(({ label, colour, dashed }): uPlot.Series => {
        const stroke = paint(colour);
        return drawn === 'bars'
          ? { label, fill: stroke, width: 0, paths: BARS, points: { show: false } }
          : {
              ...{ label, stroke, width: 2, ...(dashed ? { dash: [6, 4] } : {}) },
              points: { show: true, size: 5, fill: stroke, width: 0 },
            };
      }),
    ],
    hooks: { setCursor: [({ cursor }) => onHover(cursor.idx ?? undefined)] },
  };
  return new uPlot(options, dataOf(props), place);
}

/** Pointing at one plot points at all of them. */
const SYNC = { key: 'statistics' };
const BARS = uPlot.paths.bars!({ size: [0.75, 60] });

/** A little room above the highest. */
const roundUp = (max: number | null, unit: PlotProps['unit']): number =>
  Math.max(unit === 'ms' ? 10 : 4, (max ?? 0) * 1.08);

const CLOCK = new Intl.DateTimeFormat('en-GB', {
  ...{ hour: '2-digit', minute: '2-digit', timeZone: 'UTC' },
});
const DATE = new Intl.DateTimeFormat('en-GB', {
  ...{ day: 'numeric', month: 'short', timeZone: 'UTC' },
});

/** The clock, or the day where one begins. */
const timeLabels: uPlot.Axis.Values = (_, seconds) =>
  seconds.map((one) => ((one * 1_000) % 86_400_000 === 0 ? DATE : CLOCK).format(one * 1_000));
