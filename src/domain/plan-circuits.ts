/** The circuits of a plan: every definition heard, then each node's settled. */
import { CIRCUIT_HINT } from './circuit-faults.js';
import { CircuitDefinitions, type Circuit, type CircuitSettings } from './circuit.js';
import { fault, type Fault } from './fault.js';
import { functionCircuit } from './own-circuit.js';
import type { Program } from './program.js';
import type { TaskOptions } from './spec.js';

type Layers = readonly (TaskOptions | undefined)[];

export class PlanCircuits {
  private readonly definitions = new CircuitDefinitions();
  /** Layers that many nodes share are the same objects. */
  private readonly heard = new Set<unknown>();

  /** @param settings circuits of the worker's settings, by name */
  constructor(
    settings: Readonly<Record<string, CircuitSettings>>,
    private readonly faults: Fault[],
  ) {
    for (const [name, circuit] of Object.entries(settings))
      this.definitions.add({ name, ...circuit }, "the worker's settings");
  }

  /**
   * Takes in what is said of a node. Every node's is heard before any is settled: one may name what a later one defines.
   *
   * @param layers strongest first
   */
  hear(index: number, layers: Layers): void {
    for (const option of layers.flatMap((layer) => layer?.circuit ?? [])) {
      if (this.heard.has(option)) continue;
      this.heard.add(option);
      const wrong = this.definitions.add(option, `tasks[${index}]`);
      if (wrong !== undefined)
        this.faults.push(fault(['tasks', index, 'circuit'], 'CIRCUIT', wrong, CIRCUIT_HINT));
    }
  }

  /** @param program of the node: a function has a circuit where nobody says anything */
  of(layers: Layers, program: Program | undefined): Circuit | undefined {
    const option = layers.find((layer) => layer?.circuit !== undefined)?.circuit;
    if (option === false) return undefined;
    if (option !== undefined) return this.definitions.of(option);
    if (program?.kind !== 'faas') return undefined;
    return { ...this.definitions.of(functionCircuit(program.faas)), own: true };
  }
}
