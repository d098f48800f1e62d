/** Pipelines that are JSON: read without the parser of YAML, with the same answer. */
import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { Parser } from 'yaml';
import { formatFaults } from '../../src/domain/fault.js';
import { formatPath } from '../../src/domain/json.js';
import { parsePipeline } from '../../src/domain/pipeline.js';
import { validateGraph } from '../../src/domain/validate.js';

describe('JSON text', () => {
  /** The same text, which a comment keeps from being JSON. */
  const asYaml = (text: string) => parsePipeline(`${text}\n# YAML\n`);
  const keys = fc.oneof(
    fc.constantFrom(
      '<<',
      '__proto__',
      'a.b',
      'a b',
      '5',
      '',
      '"',
      '\\',
      'params',
      'é😀',
      '$schema',
    ),
    fc.string({ maxLength: 8 }),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.oneof(
        fc.constantFrom(null, true, false, 'a"b\\', '\\', 'yes', '1', '${{ x }}'),
        fc.integer(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.string(),
      ),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(keys, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));

  it('is read, and its faults placed, as the same text is as YAML', () => {
    const placesIn = (json: unknown, path: (string | number)[] = []): string[] => {
      const inner =
        typeof json !== 'object' || json === null
          ? []
          : Object.entries(json).flatMap(([key, one]) =>
              placesIn(one, [...path, Array.isArray(json) ? Number(key) : key]),
            );
      return [formatPath(path), ...inner];
    };
    fc.assert(
      fc.property(
        fc.oneof(fc.array(value), fc.dictionary(keys, value)),
        fc.nat(3),
        (json, indent) => {
          const text = JSON.stringify(json, null, indent);
          const [read, expected] = [parsePipeline(text), asYaml(text)];
          expect(read.spec).toEqual(expected.spec);
          expect(read.faults).toEqual(expected.faults);
          const faults = placesIn(json).flatMap((path) =>
            (['UNKNOWN_FIELD', 'INVALID_VALUE'] as const).map((code) => ({
              path,
              code,
              message: '',
            })),
          );
          expect(read.locate(faults)).toEqual(expected.locate(faults));
        },
      ),
      { numRuns: 200 },
    );
  });

  it.each([
    ['a key twice', '{"a":1,\n"a":2}', /^2:1 .*the key "a" is there twice/],
    ['the same key written otherwise', '{"a":1,\n"\\u0061":2}', /^2:1 .*is there twice/],
    ['a number that loses digits', '{"a":\n12345678901234567890}', /^2:1 .*not exact in JSON/],
    ['too deep a nesting', `${'['.repeat(300)}${']'.repeat(300)}`, /nested too deep/],
  ])('has the fault of YAML for %s', (_title, text, says) => {
    expect(formatFaults(parsePipeline(text).faults)).toMatch(says);
    expect(parsePipeline(text).faults).toEqual(asYaml(text).faults);
  });

  it('is read where YAML would take it for none: with tabs, and keys of over 1,024 characters', () => {
    const spec = { name: 'x', tasks: [{ ['k'.repeat(1_100)]: 1 }] };
    const text = JSON.stringify(spec, null, '\t');
    expect(parsePipeline(text)).toMatchObject({ spec, faults: [] });
    const at = { path: 'tasks[0]', code: 'INVALID_VALUE', message: '' } as const;
    expect(parsePipeline(text).locate([at])).toEqual([{ ...at, line: 4, column: 3 }]);
  });

  it('is not read by the parser of YAML, which takes a hundred times as long', () => {
    const text = JSON.stringify({ name: 'x', tasks: [{ id: 'a' }] });
    const read = jest.spyOn(Parser.prototype, 'parse');
    const parsed = parsePipeline(text);
    expect(parsed.locate(validateGraph(parsed.spec).faults)).toMatchObject([
      { line: 1, column: 22 },
    ]);
    expect(read).not.toHaveBeenCalled();
    asYaml(text);
    expect(read).toHaveBeenCalledTimes(1);
    read.mockRestore();
  });
});
