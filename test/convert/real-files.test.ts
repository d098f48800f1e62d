/** Every Argo and GitHub Actions file of the shared data: it converts, soundly, and its losses are those that were read. */
import { describe, expect, it } from '@jest/globals';
import { convert } from '../../src/convert/convert.js';
import type { Conversion, Format } from '../../src/convert/conversion.js';
import { guessFormat } from '../../src/convert/detect.js';
import { toDot } from '../../src/convert/dot-write.js';
import { toMermaid } from '../../src/convert/mermaid-write.js';
import type { Loss } from '../../src/convert/loss.js';
import { parsePipeline, pipelineToYaml } from '../../src/domain/pipeline.js';
import type { GraphSpec } from '../../src/domain/spec.js';
import { validateGraph } from '../../src/domain/validate.js';
import { foreignFiles, unlessThere } from '../support/foreign-files.js';

const lines = (losses: readonly Loss[]): string =>
  `\n${losses.map(({ path, feature, message }) => `${path} [${feature}] ${message}`).join('\n')}\n`;
const shape = ({ tasks }: GraphSpec) =>
  tasks.map(({ id, dependsOn = [] }) => ({ id, dependsOn: [...dependsOn].sort() }));
/** Nodes that are programs, also in sub-graphs. */
const programsIn = ({ tasks }: GraphSpec): number =>
  tasks
    .map(({ container, graph }) =>
      typeof graph === 'object' ? programsIn(graph as unknown as GraphSpec) : container ? 1 : 0,
    )
    .reduce((sum: number, one) => sum + one, 0);
const known = { names: ['noop'] };
const made = new Map<string, Conversion>();
const converted = (text: string, from: Format, task?: string): Conversion => {
  const key = `${task} ${text}`;
  const conversion = made.get(key) ?? convert(text, { from, ...(task ? { task } : {}) });
  made.set(key, conversion);
  return conversion;
};
const faultsOf = ({ pipeline }: Conversion) =>
  validateGraph(pipeline, {}, known, { depth: 0, paramsUnknown: true }).faults;

for (const [source, format, count] of [
  ['argo-workflows', 'argo', 28],
  ['github-actions', 'github', 12],
] as const) {
  const files = foreignFiles(source);
  const suite = files.length > 0 ? describe : describe.skip;
  suite(`${source}${unlessThere}`, () => {
    it('has all of its files', () => {
      expect(files).toHaveLength(count);
    });

    it.each(files)('$name is seen for what it is', ({ text, name }) => {
      expect(guessFormat(text, name)).toBe(format);
    });

    it.each(files)('$name becomes a pipeline without faults', ({ text }) => {
      expect(faultsOf(converted(text, format))).toEqual([]);
      expect(faultsOf(converted(text, format, 'noop'))).toEqual([]);
    });

    it.each(files)('$name loses what stands in the snapshot, and nothing else', ({ text }) => {
      expect(lines(converted(text, format).losses)).toMatchSnapshot();
    });

    if (format === 'argo')
      it.each(files)('$name has no programs where a task is named', ({ text }) => {
        const { pipeline, losses } = converted(text, format, 'noop');
        expect(programsIn(pipeline)).toBe(0);
        expect(lines(losses)).toMatchSnapshot();
      });

    it.each(files)('$name reads back from YAML, Mermaid and DOT', ({ text }) => {
      const { pipeline } = converted(text, format);
      expect(parsePipeline(pipelineToYaml(pipeline)).spec).toEqual(
        JSON.parse(JSON.stringify(pipeline)),
      );
      expect(shape(convert(toMermaid(pipeline), { from: 'mermaid' }).pipeline)).toEqual(
        shape(pipeline),
      );
      expect(shape(convert(toDot(pipeline), { from: 'dot' }).pipeline)).toEqual(shape(pipeline));
    });
  });
}
