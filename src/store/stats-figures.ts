/** The figures of one period: of each status how many ended so, and how long they took. They add up. */
import type { Status } from '../domain/status.js';
import {
  addAll,
  addEncoded,
  addTo,
  bucketOf,
  emptyHistogram,
  encode,
  type Histogram,
} from './histogram.js';

export interface StatusFigures {
  ended: number;
  retried: number;
  totalRetries: number;
  withWarnings: number;
  wait: Histogram;
  run: Histogram;
}

export type Figures = Map<Status, StatusFigures>;

export function emptyFigures(): StatusFigures {
  return {
    ...{ ended: 0, retried: 0, totalRetries: 0, withWarnings: 0 },
    ...{ wait: emptyHistogram(), run: emptyHistogram() },
  };
}

/** The figures of a status, which begin at zero. */
export function figuresOf(figures: Figures, status: Status): StatusFigures {
  let known = figures.get(status);
  if (!known) figures.set(status, (known = emptyFigures()));
  return known;
}

/** What one execution adds; with a negative sign, what it takes away again. */
export interface Worth {
  attempts: number | null;
  warnings: readonly string[];
  waitMs: number | null;
  durationMs: number | null;
}

export function addWorth(figures: StatusFigures, worth: Worth, sign: 1 | -1): void {
  const retries = Math.max(0, (worth.attempts ?? 1) - 1);
  figures.ended += sign;
  if (retries > 0) figures.retried += sign;
  figures.totalRetries += sign * retries;
  if (worth.warnings.length > 0) figures.withWarnings += sign;
  if (worth.waitMs !== null) addTo(figures.wait, bucketOf(worth.waitMs), sign);
  if (worth.durationMs !== null) addTo(figures.run, bucketOf(worth.durationMs), sign);
}

export function addFigures(into: StatusFigures, from: StatusFigures): void {
  into.ended += from.ended;
  into.retried += from.retried;
  into.totalRetries += from.totalRetries;
  into.withWarnings += from.withWarnings;
  addAll(into.wait, from.wait);
  addAll(into.run, from.run);
}

type Encoded = [
  ended: number,
  retried: number,
  totalRetries: number,
  withWarnings: number,
  wait: string,
  run: string,
];

/** As one short text. */
export function encodeFigures(figures: Figures): string {
  const all: Record<string, Encoded> = {};
  for (const [status, of] of figures) {
    if (!isZero(of))
      all[status] = [
        ...([of.ended, of.retried, of.totalRetries, of.withWarnings] as const),
        ...([encode(of.wait), encode(of.run)] as const),
      ];
  }
  return JSON.stringify(all);
}

/**
 * Adds what {@link encodeFigures} made.
 *
 * @param into gives the figures that those of a status are added to, and is told how many ended so
 */
export function addEncodedFigures(
  text: string,
  into: (status: Status, ended: number) => StatusFigures,
): void {
  const all = JSON.parse(text) as Record<Status, Encoded>;
  for (const [status, encoded] of Object.entries(all) as [Status, Encoded][]) {
    const of = into(status, encoded[0]);
    of.ended += encoded[0];
    of.retried += encoded[1];
    of.totalRetries += encoded[2];
    of.withWarnings += encoded[3];
    addEncoded(of.wait, encoded[4]);
    addEncoded(of.run, encoded[5]);
  }
}

export function isZero(of: StatusFigures): boolean {
  const counts = [of.ended, of.retried, of.totalRetries, of.withWarnings];
  const isNothing = (count: number): boolean => count === 0;
  return counts.every(isNothing) && of.wait.every(isNothing) && of.run.every(isNothing);
}
