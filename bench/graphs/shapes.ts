/** The graphs that are measured: which nodes each one depends on, all of them tasks that do nothing. */
import type { GraphSpec } from '../../src/index.js';

export interface Shape {
  name: string;
  /** For each node the indexes of those it depends on, all of them before it. */
  dependsOn: number[][];
  /** Nodes that run at once. */
  window: number;
}

export const chain = (length: number): Shape => ({
  name: `chain of ${length}`,
  dependsOn: Array.from({ length }, (_, index) => (index === 0 ? [] : [index - 1])),
  window: 1,
});

export const fan = (width: number): Shape => ({
  name: `1 → ${width} → 1`,
  dependsOn: [
    [],
    ...Array.from({ length: width }, () => [0]),
    Array.from({ length: width }, (_, index) => index + 1),
  ],
  window: width,
});

/** Each node depends on three of the layer before. */
export const layered = (layers: number, width: number): Shape => ({
  name: `${layers} layers of ${width}`,
  dependsOn: Array.from({ length: layers * width }, (_, index) => {
    const [layer, place] = [Math.floor(index / width), index % width];
    if (layer === 0) return [];
    const above = [place, place * 7 + 3, place * 13 + 5].map((other) => other % width);
    return [...new Set(above)].map((other) => (layer - 1) * width + other);
  }),
  window: width,
});

export const specOf = ({ name, dependsOn, window }: Shape): GraphSpec => ({
  name,
  concurrency: window,
  tasks: dependsOn.map((ids, index) => ({
    ...{ id: `n${index}`, task: 'noop' },
    ...(ids.length > 0 ? { dependsOn: ids.map((id) => `n${id}`) } : {}),
  })),
});
