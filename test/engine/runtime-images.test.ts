import { RUNTIMES } from '../../src/domain/program.js';
import { RUNTIME_IMAGES, runtimeContainer } from '../../src/engine/runtime-images.js';

describe('code for a runtime in a container', () => {
  it.each(RUNTIMES)('lies beside the working folder and is begun there: %s', (runtime) => {
    const files = { 'data.json': '{}' };
    const made = runtimeContainer({ runtime, code: 'the code', args: ['a b'], files });
    const [file] = Object.entries(made.files ?? {}).find(([, text]) => text === 'the code') ?? [];
    expect(made).toMatchObject({ image: RUNTIME_IMAGES[runtime], entrypoint: [], files });
    expect(made.command?.slice(-2)).toEqual([file, 'a b']);
  });

  it('runs in an image of the settings, and is given what the process is given', () => {
    const given = { env: { A: '1' }, secrets: ['TOKEN'], network: 'none' as const };
    const made = runtimeContainer({ runtime: 'python', code: '1', ...given }, { python: 'mine:3' });
    expect(made).toMatchObject({ image: 'mine:3', ...given });
  });

  it('is pinned to a version', () => {
    for (const image of Object.values(RUNTIME_IMAGES)) expect(image).toMatch(/:.*\d+\.\d+\.\d+/);
  });

  it('is refused for a command, and for a file in its place', () => {
    expect(() => runtimeContainer({ command: ['ls'] })).toThrow(/an image of its own/);
    expect(() =>
      runtimeContainer({ runtime: 'python', code: '1', files: { 'main.py': '' } }),
    ).toThrow(/main\.py is where the code lies/);
  });
});
