/** The boxes of a drawn graph: how large they are, and where they stand. */
import type { Inside, Shape } from './unfold/nested.js';

export const NODE_WIDTH = 216;
export const NODE_HEIGHT = 64;
/** Of a node with others in it: around these, and at least. */
export const AROUND = { top: 100, side: 16 };
export const LEAST = { width: 280, height: 150 };

/** Its place in what it lies in, and in the picture. */
export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
  /** What it lies in; absent at the top. */
  parent?: string;
  at: { x: number; y: number };
}
export type Places = ReadonlyMap<string, Place>;

/** A graph, with what is unfolded in it. */
export interface Nested extends Shape {
  inside: Readonly<Record<string, Inside>>;
}

/** A box as a layout gives it: with its place in the one around it. */
export interface Box {
  id: string;
  x: number;
  y: number;
  width: number;
  height: number;
  boxes: readonly Box[];
}
