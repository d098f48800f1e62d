import { programRun, type ProgramGrants } from '../../src/activities/program-task.js';
import { limitsOf, type Program } from '../../src/domain/program.js';
import type { NodeRequest } from '../../src/workflows/requests.js';

const limits = limitsOf({ disk: 2 ** 20 });
const input = {
  ...{ name: 'a.bin', bytes: 2 ** 21, contentType: 'text/plain', ref: `sha256-${'a'.repeat(64)}` },
};
const run = (program: object) =>
  programRun(
    { settings: { maxResources: limits }, blobs: {} } as never,
    { run: { limits, level: 'LOW' } } as NodeRequest,
    { program: program as Program, network: [], names: [] } as unknown as ProgramGrants,
    input,
    () => '',
  );

describe('an input with an artifact that is larger than the disk', () => {
  it('is refused for a program, which would find it as a file', () => {
    expect(() => run({ kind: 'process', process: { command: ['true'] } })).toThrow(
      'have 2Mi, and resources.disk is 1Mi',
    );
  });

  it('is given to a function, which finds no file', () => {
    const given = run({ kind: 'faas', faas: { url: 'https://f.example' } });
    expect(given).toMatchObject({ input });
    expect(given).not.toHaveProperty('files');
  });
});
