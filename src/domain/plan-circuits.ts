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

  /**
   * @param settings circuits of the worker's settings, by name
   * @param nodes what is said of each node, strongest first
   */
  constructor(
    settings: Readonly<Record<string, CircuitSettings>>,
    nodes: readonly Layers[],
    faults: Fault[],
  ) {
    for (const [name, circuit] of Object.entries(settings))
      this.definitions.add({ name, ...circuit }, "the worker's settings");
    const heard = new Set<unknown>();
    nodes.forEach((layers, index) => {
      for (const option of layers.flatMap((layer) => layer?.circuit ?? [])) {
        if (heard.has(option)) continue; // layers that many nodes share are the same objects
        heard.add(option);
        const wrong = this.definitions.add(option, `tasks[${index}]`);
        if (wrong !== undefined)
          faults.push(fault(['tasks', index, 'circuit'], 'CIRCUIT', wrong, CIRCUIT_HINT));
      }
    });
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
