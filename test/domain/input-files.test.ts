import type { Artifact } from '../../src/domain/artifact.js';
import { artifactIn, inputFiles, withPaths } from '../../src/domain/input-files.js';
import type { Json } from '../../src/domain/json.js';

const artifact = (name: string, digit = 'a'): Artifact & { [key: string]: Json } => ({
  ...{ name, bytes: 3, contentType: 'text/plain', ref: `sha256-${digit.repeat(64)}` },
});

describe('the artifacts of an input', () => {
  it.each<[Json]>([
    [null],
    ['sha256-aa'],
    [[]],
    [{}],
    [{ ...artifact('x'), more: 1 }],
    [{ name: 'x', bytes: 3, ref: artifact('x').ref }],
    [{ ...artifact('x'), ref: 'sha256-AA' }],
    [{ ...artifact('x'), ref: `../${artifact('x').ref}` }],
    [{ ...artifact('x'), bytes: -1 }],
    [{ ...artifact('x'), bytes: 1.5 }],
    [{ ...artifact('x'), bytes: '3' }],
    [{ ...artifact('x'), name: 7 }],
    [{ ...artifact('x'), contentType: null }],
  ])('are none in %j', (value) => {
    expect(artifactIn(value)).toBeUndefined();
    expect(inputFiles(value)).toEqual([]);
    expect(withPaths(value, [], '/in')).toBe(value);
  });

  it('have a path each, wherever they stand, and the same one has the same', () => {
    const input = {
      data: artifact('a.csv'),
      list: [{ deep: artifact('a.csv', 'b') }, artifact('a.csv'), 7, 'text'],
      plots: artifact('plots/1.png', 'c'),
    };
    const files = inputFiles(input);
    expect(files.map(({ path }) => path)).toEqual(['0/a.csv', '1/a.csv', '2/plots/1.png']);
    expect(withPaths(input, files, '/in/files')).toEqual({
      data: { ...artifact('a.csv'), path: '/in/files/0/a.csv' },
      list: [
        { deep: { ...artifact('a.csv', 'b'), path: '/in/files/1/a.csv' } },
        { ...artifact('a.csv'), path: '/in/files/0/a.csv' },
        7,
        'text',
      ],
      plots: { ...artifact('plots/1.png', 'c'), path: '/in/files/2/plots/1.png' },
    });
    expect(input.data).not.toHaveProperty('path');
  });

  it('may be the whole input', () => {
    const files = inputFiles(artifact('x'));
    expect(withPaths(artifact('x'), files, '/in')).toMatchObject({ path: '/in/0/x' });
  });

  it.each(['../x', '/etc/passwd', 'a/../../x', '', 'a\u0000b'])(
    'are refused under the name %j, which no artifact has',
    (name) => {
      expect(() => inputFiles([artifact(name)])).toThrow(/^ARTIFACT_INVALID|artifact/);
    },
  );

  it('leave keys such as __proto__ where they are', () => {
    const input = JSON.parse(
      `{"__proto__": {"x": 1}, "f": ${JSON.stringify(artifact('x'))}}`,
    ) as Json;
    const placed = withPaths(input, inputFiles(input), '/in') as Record<string, Json>;
    expect(Object.keys(placed)).toEqual(['__proto__', 'f']);
    expect(Object.getPrototypeOf(placed)).toBe(Object.prototype);
  });
});
