/** What the command line reads: text that would be another one, or values that would, are refused. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Output } from '../../src/cli/output.js';
import { readText } from '../../src/cli/pipeline-source.js';
import { readParams, readValue } from '../../src/cli/values.js';

const out = {} as Output; // only standard input says anything

describe('readText', () => {
  it('refuses a file that is no UTF-8, with the place', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'tempograph-text-')), 'p.yaml');
    writeFileSync(file, Buffer.from('name: a\ndescription: café\n', 'latin1'));
    await expect(readText(file, out)).rejects.toThrow(
      'is no UTF-8 text: line 2 column 17; write it as UTF-8',
    );
  });
});

describe('readParams', () => {
  it('refuses a parameter that is given twice, and takes one beside a file that has it', async () => {
    const twice = readParams({ param: ['day=1', 'n=2', 'day=3'] }, {}, out);
    await expect(twice).rejects.toThrow('--param day: given twice; name it once');
    const file = join(mkdtempSync(join(tmpdir(), 'tempograph-params-')), 'params.json');
    writeFileSync(file, '{"day": 1, "n": 2}');
    const given = await readParams({ params: file, param: ['day=3'] }, {}, out);
    expect(given).toEqual({ day: 3, n: 2 });
  });
});

describe('readValue', () => {
  it.each([
    ['a key that is there twice', '{"a":1,"a":2}', /^--input: the key "a" is there twice/],
    ['a number that would be another', '12345678901234567890', /^--input: .*not exact in JSON/],
  ])('refuses %s, as of a file', async (_what, given, told) => {
    await expect(readValue('--input', given, out)).rejects.toThrow(told);
  });

  it.each(['null', '"a: b"', '[1,{"x":"${{ y }}"}]', '-0.5', '"2026-01-01"', '{"<<":1}'])(
    'gives the JSON %s as it is',
    async (given) => {
      expect(await readValue('--input', given, out)).toEqual(JSON.parse(given));
    },
  );
});
