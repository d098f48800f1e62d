/**
 * A bar chart as inline SVG.
 *
 * Each row has its label and number above its bar, and lengths are percentages, so that the chart fits a phone without
 * its text getting smaller. Colours are the page's, and so is which of a label's two lengths is shown: the classes
 * `label`, `value`, `track`, `bar`, `wide` and `narrow`.
 */
import { grouped, shortened } from './display.js';
import { html, type Html } from './html.js';

export interface Bar {
  label: string;
  value: number;
}

const ROW_HEIGHT = 38;
const BAR_HEIGHT = 8;
/** What fits beside a number: on most screens, and on the narrowest phones, 320 pixels wide. */
const WIDE_COLUMNS = 70;
const NARROW_COLUMNS = 28;

/** The chart of `bars` in their order; `title` is read out in its place. */
export function barChart(title: string, bars: Bar[]): Html {
  const largest = Math.max(1, ...bars.map(({ value }) => value));
  return html`<svg
    role="img"
    aria-label="${title}"
    width="100%"
    height="${bars.length * ROW_HEIGHT}"
  >
    ${bars.map((bar, index) => row(bar, index * ROW_HEIGHT, bar.value / largest))}
  </svg>`;
}

function row({ label, value }: Bar, top: number, share: number): Html {
  // A value that is not 0 is seen, however small beside the largest.
  const width = value === 0 ? 0 : Math.max(0.5, share * 100).toFixed(1);
  return html`<g>
    <title>${shortened(label, 300)}: ${grouped(value)}</title>
    <text class="label wide" x="0" y="${top + 16}">${shortened(label, WIDE_COLUMNS)}</text>
    <text class="label narrow" x="0" y="${top + 16}">${shortened(label, NARROW_COLUMNS)}</text>
    <text class="value" x="100%" y="${top + 16}" text-anchor="end">${grouped(value)}</text>
    <rect class="track" x="0" y="${top + 23}" width="100%" height="${BAR_HEIGHT}" rx="2" />
    <rect class="bar" x="0" y="${top + 23}" width="${width}%" height="${BAR_HEIGHT}" rx="2" />
  </g>`;
}
