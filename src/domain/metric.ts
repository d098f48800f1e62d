/** How a metric is described where it is made, so that its documentation can be made of it. */

export interface MetricDescription {
  type: 'counter' | 'gauge' | 'histogram';
  /** Of each sample, in alphabetical order. */
  labels: readonly string[];
  /** Of its value, where that is no count. */
  unit?: 'seconds' | 'bytes';
  /** One sentence. */
  help: string;
}

/** As Prometheus sees it: what only grows ends in `_total`. */
export const exposedName = (name: string, { type }: Pick<MetricDescription, 'type'>): string =>
  type === 'counter' ? `${name}_total` : name;
