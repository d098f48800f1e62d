/**
 * Histograms of durations with log-scaled buckets: each is 7 % wider than the one before, so a percentile read from the
 * middle of one is within 4 % of the exact one. They add up, so hours make days.
 */
const GROWTH = 1.07;
const LOG_GROWTH = Math.log(GROWTH);
/** The last one takes whatever is longer than 80 years. */
const BUCKETS = 424;

/** How many by bucket. Bucket 0 holds zero; bucket i ≥ 1 what lies in [1.07^(i-1), 1.07^i) ms. */
export type Histogram = Int32Array;

export const emptyHistogram = (): Histogram => new Int32Array(BUCKETS);

/** The bucket of a duration in milliseconds; a negative one, which clocks that differ make, counts as zero. */
export function bucketOf(ms: number): number {
  return ms < 1 ? 0 : Math.min(1 + Math.floor(Math.log(ms) / LOG_GROWTH), BUCKETS - 1);
}

/** The duration that stands for each bucket: its geometric middle. */
const MIDDLES = Array.from({ length: BUCKETS }, (_, bucket) => {
  if (bucket === 0) return 0;
  const middle = GROWTH ** (bucket - 0.5);
  // Whole milliseconds below 12 have buckets of their own: rounding gives the exact one.
  return middle < 12 ? Math.round(middle) : Number(middle.toPrecision(3));
});

/** Adds to a bucket; a negative count takes away. */
export function addTo(histogram: Histogram, bucket: number, count: number): void {
  histogram[bucket] = (histogram[bucket] ?? 0) + count;
}

/** Adds all of another's. */
export function addAll(into: Histogram, from: Histogram): void {
  for (let bucket = 0; bucket < BUCKETS; bucket++)
    into[bucket] = (into[bucket] as number) + (from[bucket] as number);
}

/**
 * For each fraction the smallest duration that at least this part of all do not pass (nearest rank); null when there
 * are none.
 *
 * @param fractions in (0, 1], ascending
 */
export function percentiles(histogram: Histogram, fractions: readonly number[]): (number | null)[] {
  let total = 0;
  for (let at = 0; at < BUCKETS; at++) total += Math.max(0, histogram[at] as number);
  if (total === 0) return fractions.map(() => null);
  let [bucket, seen] = [-1, 0];
  return fractions.map((fraction) => {
    // 0.95 × 20 is 19 plus a rounding error, which must not take the next one.
    const rank = Math.min(total, Math.max(1, Math.ceil(fraction * total - 1e-9)));
    while (seen < rank) seen += Math.max(0, histogram[++bucket] ?? rank);
    return MIDDLES[bucket] ?? null;
  });
}

/** `3,17:20`: bucket and count, which is left out when it is one, as most of an hour's are. */
export function encode(histogram: Histogram): string {
  const parts: string[] = [];
  histogram.forEach((count, bucket) => {
    if (count !== 0) parts.push(count === 1 ? `${bucket}` : `${bucket}:${count}`);
  });
  return parts.join(',');
}

const [COLON, COMMA, MINUS, ZERO] = [58, 44, 45, 48] as const;

/** Adds what {@link encode} made. Statistics add up thousands of these: it reads the text without cutting it up. */
export function addEncoded(into: Histogram, text: string): void {
  if (text === '') return;
  let bucket = -1;
  let number = 0;
  let sign = 1;
  for (let i = 0; i <= text.length; i++) {
    const code = i === text.length ? COMMA : text.charCodeAt(i);
    if (code === COLON) {
      bucket = number;
      number = 0;
    } else if (code === COMMA) {
      if (bucket < 0) addTo(into, number, 1);
      else addTo(into, bucket, sign * number);
      bucket = -1;
      number = 0;
      sign = 1;
    } else if (code === MINUS) sign = -1;
    else number = number * 10 + code - ZERO;
  }
}
