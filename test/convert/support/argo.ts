/** Small Argo files of templates that are programs. */
import type { Conversion } from '../../../src/convert/conversion.js';
import { convert } from '../../../src/convert/convert.js';

export const read = (spec: string, task?: string): Conversion =>
  convert(
    `{ apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: { name: w }, spec: ${spec} }`,
    { from: 'argo', ...(task === undefined ? {} : { task }) },
  );
export const PARAMETERS =
  'arguments: { parameters: [{ name: who, value: world }, { name: a-b, value: 1 }] }';
/** One template that is a program. */
export const one = (template: string, more = ''): Conversion =>
  read(`{ entrypoint: main, ${PARAMETERS}, templates: [{ name: main, ${template} }] ${more} }`);
export const node = ({ pipeline }: Conversion, at = 0) => pipeline.tasks[at];
export const told = ({ losses }: Conversion) =>
  losses
    .filter(({ feature, path }) => feature !== 'network' && !path.startsWith('spec.arguments'))
    .map(({ path, message }) => `${path.replace(/^spec\.templates/, '')}: ${message}`);
/** Steps, each a template of its own that is given some artifacts. */
export const steps = (list: [name: string, template: string, given?: string][], more = '') =>
  read(
    `{ entrypoint: main, templates: [{ name: main, steps: [${list
      .map(
        ([name, , given = '']) =>
          `[{ name: ${name}, template: t-${name} ${given === '' ? '' : `, ${given}`} }]`,
      )
      .join(', ')}] }, ${list
      .map(([name, template]) => `{ name: t-${name}, ${template} }`)
      .join(', ')} ${more}] }`,
  );
export const KEEPS =
  'container: { image: i, command: [make] }, outputs: { artifacts: [{ name: out, path: /tmp/out }] }';
export const TAKES =
  'container: { image: i, command: [use, "{{inputs.artifacts.in.path}}"] }, inputs: { artifacts: [{ name: in, path: /tmp/in }] }';
export const given = (from: string) => `arguments: { artifacts: [{ name: in, from: "${from}" }] }`;
