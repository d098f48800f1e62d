import { containerOf, workflowTypeFaults } from '../../src/domain/workflow-type.js';

describe('containerOf', () => {
  it.each<[string, unknown, object, unknown]>([
    ['image', { container_image: 'a' }, { image: 'a' }, null],
    [
      'image and command, the rest for the program',
      { container_image: 'a', command: ['b'], n: 1 },
      { image: 'a', command: ['b'] },
      { n: 1 },
    ],
    [
      'them in the envelope of document 002',
      { inputs: { container_image: 'a', command: ['b'], n: 1 } },
      { image: 'a', command: ['b'] },
      { n: 1 },
    ],
    [
      'no envelope where there is more beside it',
      { container_image: 'a', inputs: { container_image: 'b' } },
      { image: 'a' },
      { inputs: { container_image: 'b' } },
    ],
  ])('takes %s', (_what, input, container, left) => {
    expect(containerOf(input, ['input'])).toEqual({ container, input: left });
  });

  const defined = { image: 'a', command: ['b'], workdir: '/w' };
  it.each<[string, unknown, object, unknown]>([
    ['nothing', undefined, defined, undefined],
    ['data that is no object', 5, defined, 5],
    ['an envelope without an image', { inputs: { n: 1 } }, defined, { inputs: { n: 1 } }],
    ['an image', { container_image: 'c', n: 1 }, { ...defined, image: 'c' }, { n: 1 }],
    ['a command', { command: ['d'] }, { ...defined, command: ['d'] }, null],
  ])('keeps what the definition says beside %s', (_what, input, container, left) => {
    expect(containerOf(input, ['input'], defined)).toEqual({ container, input: left });
  });

  it.each<[unknown, string, string]>([
    [undefined, 'input', 'expected { container_image: "<image>", command: […], … }, got undefined'],
    ['a', 'input', 'got "a"'],
    [{ command: ['b'] }, 'input.container_image', 'is required: expected the name of an image'],
    [{ inputs: { n: 1 } }, 'input.container_image', 'is required'],
    [{ container_image: 5 }, 'input.container_image', 'expected string, got 5'],
    [{ container_image: '--x' }, 'input.container_image', 'must be the name of an image'],
    [{ container_image: 'a', command: 'ls' }, 'input.command', 'expected array, got "ls"'],
    [{ inputs: { container_image: 'a', command: [5] } }, 'input.inputs.command[0]', 'got 5'],
  ])('refuses %j at its place', (input, path, message) => {
    expect(containerOf(input, ['input'])).toEqual({
      faults: [
        expect.objectContaining({ path, message: expect.stringContaining(message) as string }),
      ],
    });
  });
});

describe('workflowTypeFaults', () => {
  it.each([undefined, 'container', 'containerized_workflow'])('takes %s', (said) =>
    expect(workflowTypeFaults(said)).toEqual([]),
  );
  it.each([
    ['containers', 'did you mean "container"?'],
    [null, undefined],
  ])('lists those that there are, given %j', (said, hint) => {
    const [one] = workflowTypeFaults(said);
    expect(one).toMatchObject({
      path: 'workflowType',
      message: `expected one of containerized_workflow, container, got ${JSON.stringify(said)}`,
    });
    expect(one?.hint).toBe(hint);
  });
});
