/**
 * A circuit breaker, as it is written: `circuit: 'crm'` or `circuit: { name: 'crm', failures: 3, openFor: '1m' }`. Nodes
 * of one project that name the same circuit share it, over all graphs and workers. `circuit: false` wants none, nor the
 * one that a function's target or a container's engine has of its own.
 */
import { z } from 'zod';
import { DurationSchema } from './duration.js';
import { preview } from './json.js';

const Name = z
  .string()
  .min(1)
  .max(200)
  .refine((name) => !name.includes('${{'), 'the name of a circuit cannot hold an expression');
const Count = z.int().min(1).max(1_000);
const Time = DurationSchema.refine((ms) => ms >= 100, 'must be at least 100 ms');

/** What may be said of a circuit beside its name. */
export const CircuitSettingsSchema = z.strictObject({
  /** Failures within the window that open it. */
  failures: Count.default(5),
  window: Time.default(60_000),
  /** How long it stays open before a node tries again. */
  openFor: Time.default(30_000),
  /** Nodes that try at once when that time is over. The first that succeeds closes it, the first that fails opens it. */
  probes: Count.default(1),
  /** Fewer calls than this within the window never open it. */
  minCalls: Count.default(5),
});
export type CircuitSettings = z.output<typeof CircuitSettingsSchema>;

export const CircuitSchema = z.union([
  Name,
  CircuitSettingsSchema.extend({ name: Name }),
  z.literal(false),
]);
export type CircuitOption = z.output<typeof CircuitSchema>;

/** A circuit that a node goes through, settled. */
export interface Circuit {
  name: string;
  failures: number;
  windowMs: number;
  openForMs: number;
  probes: number;
  minCalls: number;
  /** Nobody named it: it is its target's own, and only failures of the target count. */
  own?: true;
}

/** The definitions of circuits that are known, each with where it stands. */
export class CircuitDefinitions {
  private readonly known = new Map<string, { circuit: Circuit; where: string }>();

  /** @returns what is wrong: another place defines it differently; a bare name, and false, define nothing */
  add(option: CircuitOption, where: string): string | undefined {
    if (typeof option !== 'object') return undefined;
    const circuit = settled(option.name, option);
    const before = this.known.get(option.name);
    if (!before) {
      this.known.set(option.name, { circuit, where });
      return undefined;
    }
    const [key, there, here] = difference(before.circuit, circuit) ?? [];
    if (key === undefined) return undefined;
    return `the circuit ${preview(option.name)} has ${key} ${here} here and ${there} in ${before.where}`;
  }

  /** The circuit of a node; one that nobody defines has the defaults. */
  of(option: Exclude<CircuitOption, false>): Circuit {
    const name = typeof option === 'string' ? option : option.name;
    return this.known.get(name)?.circuit ?? settled(name, CircuitSettingsSchema.parse({}));
  }
}

/** A circuit with its times in milliseconds. */
export function settled(
  name: string,
  { failures, window, openFor, probes, minCalls }: CircuitSettings,
): Circuit {
  return { name, failures, windowMs: window, openForMs: openFor, probes, minCalls };
}

function difference(
  a: Circuit,
  b: Circuit,
): [string, string | number, string | number] | undefined {
  const key = (Object.keys(a) as (keyof Omit<Circuit, 'own'>)[]).find((one) => a[one] !== b[one]);
  return key && [key.replace(/Ms$/, ''), a[key], b[key]];
}
