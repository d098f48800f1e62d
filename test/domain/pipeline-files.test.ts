import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Fault } from '../../src/domain/fault.js';
import { parsePipeline } from '../../src/domain/pipeline.js';
import { validateGraph } from '../../src/domain/validate.js';
import { realDataFolder } from '../support/real-graphs.js';

/** Files below a folder of the shared data, with one of these endings; none where the data is absent. */
function filesOf(source: string, ending: RegExp): [name: string, file: string][] {
  const data = realDataFolder();
  const folder = data === undefined ? '' : join(data, source);
  if (!existsSync(folder)) return [];
  return (readdirSync(folder, { recursive: true }) as string[])
    .filter((name) => ending.test(name))
    .sort()
    .map((name) => [name, join(folder, name)]);
}

const faultsOf = (file: string): Fault[] => {
  const parsed = parsePipeline(readFileSync(file, 'utf8'));
  return parsed.faults.length > 0
    ? parsed.faults
    : parsed.locate(validateGraph(parsed.spec).faults);
};

/** A suite over files, skipped visibly where they are absent. */
function describeFiles(
  source: string,
  ending: RegExp,
  least: number,
  run: (file: string) => void,
): void {
  const files = filesOf(source, ending);
  if (files.length === 0) {
    it.skip(`${source} (skipped: no shared/data next to this checkout)`, () => undefined);
    return;
  }
  it(`finds files in ${source}`, () => expect(files.length).toBeGreaterThanOrEqual(least));
  it.each(files)(`${source}/%s`, (_name, file) => run(file));
}

describe('parsePipeline never throws on the JSON parsing suite, and what is no graph is refused', () => {
  describeFiles('json-parsing-suite/test_parsing', /\.json$/, 100, (file) => {
    const faults = faultsOf(file);
    expect(faults.length).toBeGreaterThan(0);
    for (const { path, message } of faults) expect([path, message]).not.toContain('');
  });
});

describe("parsePipeline and validateGraph refuse other tools' files with faults that name lines", () => {
  const refused = (file: string): void => {
    const faults = faultsOf(file);
    expect(faults.length).toBeGreaterThan(0);
    for (const { path, message, line } of faults) {
      expect([path, message]).not.toContain('');
      expect(line).toBeGreaterThanOrEqual(1);
    }
  };
  describeFiles('argo-workflows', /\.ya?ml$/, 10, refused);
  describeFiles('github-actions', /\.ya?ml$/, 5, refused);
  describeFiles('serverlessworkflow', /\.ya?ml$/, 10, refused);
});
