/** Containers and scripts of Argo as programs: what they run, what they read, what they give, and what is lost. */
import { describe, expect, it } from '@jest/globals';
import type { Conversion } from '../../src/convert/conversion.js';
import { given, KEEPS, node, one, PARAMETERS, read, steps, TAKES, told } from './support/argo.js';

const container = (fields: string) => node(one(`container: { image: i, ${fields} }`))?.container;

describe('what runs', () => {
  it.each([
    ['command: [a, b], args: [c]', { entrypoint: ['a', 'b'], command: ['c'] }],
    ['command: [a], args: []', { entrypoint: ['a'] }],
    ['args: [c, 1, true]', { command: ['c', '1', 'true'] }],
    ['command: []', {}],
    ['imagePullPolicy: Always, workingDir: /w', { pull: 'always', workdir: '/w' }],
    ['imagePullPolicy: IfNotPresent', { pull: 'missing' }],
    ['imagePullPolicy: Never', { pull: 'never' }],
    ['args: ["a ${{ x }}"]', { command: ['a $${{ x }}'] }],
    ['env: [{ name: A, value: 1 }, { name: B }]', { env: { A: '1', B: '' } }],
    ['env: [{ name: T, valueFrom: { secretKeyRef: { name: s, key: k } } }]', { secrets: ['T'] }],
  ])('%s', (fields, expected) => {
    expect(container(fields)).toEqual({ image: 'i', ...expected });
  });

  it.each([
    ['{ limits: { cpu: 500m, memory: 1Gi } }', { cpu: 0.5, memory: '1Gi' }, 0],
    ['{ requests: { cpu: 2, ephemeral-storage: 2G } }', { cpu: 2, disk: '2G' }, 0],
    ['{ limits: { cpu: 1 }, requests: { cpu: 2, memory: 512M } }', { cpu: 1, memory: '512M' }, 1],
    ['{ limits: { cpu: 1m, memory: 1Mi } }', { cpu: 0.01, memory: '6Mi' }, 2],
    ['{ limits: { cpu: a, memory: 1Zi, nvidia.com/gpu: 1 } }', undefined, 3],
  ])('resources %s', (resources, expected, losses) => {
    const made = one(`container: { image: i, resources: ${resources} }`);
    expect(node(made)?.resources).toEqual(expected);
    expect(told(made)).toHaveLength(losses);
  });

  it('a step may say the image', () => {
    const made = read(
      '{ entrypoint: main, templates: [{ name: main, steps: [[{ name: a, template: t, arguments: { parameters: [{ name: v, value: 3.20 }] } }]] }, { name: t, inputs: { parameters: [{ name: v }] }, container: { image: "alpine:{{inputs.parameters.v}}", workingDir: "/{{inputs.parameters.v}}" } }] }',
    );
    expect(node(made)?.container).toEqual({ image: 'alpine:3.2', workdir: '/3.2' });
  });

  it('a container that says nothing of its resources has a CPU and 512Mi, one of a task nothing', () => {
    expect(one('container: { image: i }').pipeline.defaults).toEqual({
      ...{ retry: 'NONE', timeout: '30d', resources: { cpu: 1, memory: '512Mi' } },
    });
    expect(one('http: { url: x }').pipeline.defaults).toEqual({ retry: 'NONE', timeout: '30d' });
  });

  it('a script is a file of its container', () => {
    const source = "print('a')\n# ${{ as it is\n";
    const made = one(`script: { image: i, args: [-u], source: ${JSON.stringify(source)} }`);
    expect(node(made)).toEqual({
      id: 'main',
      container: {
        image: 'i',
        command: ['-u', '/tempograph/files/script'],
        workdir: '/tmp',
        files: { script: source },
      },
    });
    expect(told(made)).toEqual([]);
  });

  it('a script begins in the folder that it says, else in /tmp', () => {
    const made = one('script: { image: i, workingDir: /w, source: x }');
    expect(node(made)?.container?.workdir).toBe('/w');
  });

  it('a script with tags is written before it runs', () => {
    const made = one(
      'script: { image: i, command: [bash], source: "echo {{workflow.parameters.who}} $${{" }',
    );
    expect(node(made)?.input).toEqual({ workflow: { 'parameters.who': '${{ params.who }}' } });
    const { entrypoint, command, files } = node(made)?.container ?? {};
    expect(entrypoint?.at(-1)).toBe('echo ${{ input.workflow["parameters.who"] }} $$${{');
    expect(entrypoint?.[2]).toContain(`write "$given_1" '/tmp/script'`);
    expect([command, files]).toEqual([['bash', '/tmp/script'], undefined]);
  });

  it('all that a container has besides is a loss, one each', () => {
    const fields =
      'name: x, volumeMounts: [{ name: v, mountPath: /v }], ports: [{ containerPort: 80 }], securityContext: { runAsUser: 0 }, envFrom: [{ secretRef: { name: s } }], livenessProbe: {}, lifecycle: {}, mirrorVolumeMounts: true, unheardOf: 1, workingDir: relative, imagePullPolicy: Sometimes';
    const made = one(`container: { image: i, ${fields} }`);
    expect(node(made)?.container).toEqual({ image: 'i' });
    expect(told(made).map((line) => line.replace(/:.*/, ''))).toEqual(
      'name volumeMounts ports securityContext envFrom livenessProbe lifecycle mirrorVolumeMounts unheardOf workingDir imagePullPolicy'
        .split(' ')
        .map((key) => `[0].container.${key}`),
    );
  });

  it('variables that no program may be given are losses, and a secret says where it comes from now', () => {
    const env =
      '[{ name: LD_PRELOAD, value: x }, { name: TEMPOGRAPH_X, value: x }, { name: "a b", value: x }, { name: N, valueFrom: { fieldRef: { fieldPath: metadata.name } } }, { name: T, valueFrom: { secretKeyRef: { name: s, key: k } } }]';
    const made = one(`container: { image: i, env: ${env} }`);
    expect(node(made)?.container).toEqual({ image: 'i', secrets: ['T'] });
    expect(told(made)).toEqual([
      expect.stringContaining('env[0]: the variable "LD_PRELOAD" is read before'),
      expect.stringContaining(
        'env[1]: the variable "TEMPOGRAPH_X" must not begin with TEMPOGRAPH_',
      ),
      expect.stringContaining('env[2]: the variable "a b" must be a name of a variable'),
      expect.stringContaining('env[3].valueFrom: what the cluster knows is not looked up'),
      '[0].container.env[4].valueFrom.secretKeyRef: the secret T is asked for, where the key "k" of the secret "s" was; the worker needs TEMPOGRAPH_SECRET_T, or a file of that name in its secretsDir',
    ]);
  });

  it('that there is no network is said once', () => {
    const { losses } = steps([
      ['a', KEEPS],
      ['b', KEEPS],
    ]);
    expect(losses.filter(({ feature }) => feature === 'network')).toHaveLength(1);
  });
});

describe('what stays an input of the task', () => {
  it.each([
    ['container: { image: "{{inputs.parameters.p}}" }', 'its image is not known before the run'],
    [`container: { image: i, args: [${'x'.repeat(40_000)}] }`, 'its command.0: Too big'],
    ['container: { image: i, args: ["a\\0b"] }', 'its command.0: must not hold a NUL character'],
    ['daemon: true, container: { image: i }', 'a daemon never ends'],
    [
      'script: { image: i, source: "{{workflow.parameters.who}}" }',
      'its script has tags and no command to run it with',
    ],
    ['container: 5', 'there is no container'],
  ])('%j, since %s', (template, why) => {
    const made = read(
      `{ entrypoint: main, ${PARAMETERS}, templates: [{ name: main, steps: [[{ name: a, template: t, arguments: { parameters: [{ name: p, value: "{{workflow.parameters.who}}" }] } }]] }, { name: t, inputs: { parameters: [{ name: p }] }, ${template} }] }`,
    );
    expect(node(made)).toMatchObject({ task: 'noop' });
    expect(node(made)?.container).toBeUndefined();
    expect(told(made).filter((line) => line.includes("kept as the node's input"))).toEqual([
      expect.stringContaining(`; the task noop does nothing with it: ${why}`),
    ]);
  });

  it('everything, where a task is named', () => {
    const made = read(
      `{ entrypoint: main, templates: [{ name: main, steps: [[{ name: a, template: t-a }], [{ name: b, template: t-b, ${given('{{steps.a.outputs.artifacts.out}}')} }]] }, { name: t-a, ${KEEPS} }, { name: t-b, ${TAKES} }] }`,
      'mine',
    );
    expect(made.pipeline.tasks).toMatchObject([
      { task: 'mine', input: { container: { command: ['make'] } } },
      { task: 'mine', input: { container: { image: 'i' }, artifacts: [{ name: 'in' }] } },
    ]);
    expect(told(made)).toContain(
      '[0].steps[1][0].arguments.artifacts: files are not carried from node to node; a task passes on where they are',
    );
  });
});

describe('tags', () => {
  const first = (text: string) => {
    const made = one(
      `inputs: { parameters: [{ name: who }, { name: a-b }], artifacts: [{ name: f, path: /tmp/f }] }, outputs: { parameters: [{ name: o, valueFrom: { path: /tmp/o } }] }, container: { image: i, command: [echo, ${JSON.stringify(text)}] }`,
    );
    return { text: node(made)?.container?.command?.[1], input: node(made)?.input, made };
  };

  it.each([
    ['{{inputs.parameters.who}}', '${{ input.parameters.who }}'],
    ['a {{ inputs.parameters.a-b }}!', 'a ${{ input.parameters["a-b"] }}!'],
    ['{{inputs.artifacts.f.path}} {{outputs.parameters.o.path}}', '/tmp/f /tmp/o'],
    ["{{=inputs.parameters['a-b'] == '1'}}", '${{ input.parameters["a-b"] == "1" }}'],
    ['{{workflow.parameters.a-b}}', '${{ input.workflow["parameters.a-b"] }}'],
    ['{{workflow.name}}', '${{ input.workflow.name }}'],
    ['${{workflow.name}} ${{ x }}', '${{ "$" }}${{ input.workflow.name }} $${{ x }}'],
    ['{{pod.name}} $x', '{{pod.name}} $x'],
    [
      '{{inputs.artifacts.f}} {{outputs.artifacts.f.path}}',
      '{{inputs.artifacts.f}} {{outputs.artifacts.f.path}}',
    ],
  ])('%s is %s', (text, expected) => {
    expect(first(text).text).toBe(expected);
  });

  it('what is read of the workflow stands in the input; a tag without counterpart is a loss', () => {
    const { input, made } = first('{{workflow.name}} {{workflow.parameters.who}} {{pod.name}}');
    expect(input).toEqual({
      parameters: { who: '${{ params.who }}', 'a-b': '${{ params.a_b }}' },
      workflow: { name: '${{ execution.id }}', 'parameters.who': '${{ params.who }}' },
    });
    expect(told(made)).toEqual([
      '[0].container.command[1]: "{{pod.name}}" has no counterpart; it stays as text',
    ]);
  });

  it('a template within its step reads the graph by the input too', () => {
    const made = read(
      '{ entrypoint: main, templates: [{ name: main, steps: [[{ name: a, template: t }], [{ name: b, withItems: [{ n: 1 }], inline: { container: { image: i, args: ["{{steps.a.outputs.result}} {{item.n}}"] } } }]] }, { name: t, container: { image: i, command: [a] } }] }',
    );
    expect(node(made, 1)).toMatchObject({
      container: {
        command: ['${{ input.values["steps.a.outputs.result"] }} ${{ input.values["item.n"] }}'],
      },
      input: {
        values: {
          'steps.a.outputs.result': '${{ tasks.a.output.?result.orValue("") }}',
          'item.n': '${{ item.?n.orValue("") }}',
        },
      },
    });
  });

  it('paths that name each other, and names that objects have by themselves, are only text', () => {
    const made = one(
      'inputs: { parameters: [{ name: __proto__, value: a }], artifacts: [{ name: __proto__, path: "/tmp/{{inputs.artifacts.__proto__.path}}", raw: { data: x } }] }, outputs: { parameters: [{ name: __proto__, valueFrom: { path: "/tmp/{{outputs.parameters.__proto__.path}}" } }] }, container: { image: i, command: [c, "{{inputs.parameters.__proto__}}"] }',
    );
    expect(node(made)?.container?.command?.[1]).toBe('${{ input.parameters.__proto__ }}');
    expect(node(made)?.container?.entrypoint?.[2]).toContain(
      "write 'x' '/tmp/{{inputs.artifacts.__proto__.path}}'",
    );
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
  });
});

describe('results', () => {
  const wrapper = (made: Conversion, at = 0) => node(made, at)?.container?.entrypoint?.[2] ?? '';

  it('what a container or a script says is kept where it is read', () => {
    const say = 'container: { image: i, command: [say] }';
    const script = 'script: { image: i, command: [sh], source: x }';
    const take = (tag: string) =>
      `arguments: { parameters: [{ name: p, value: "{{steps.a.${tag}}}" }] }`;
    expect(
      wrapper(
        steps([
          ['a', say],
          ['b', say, take('outputs.result')],
        ]),
      ),
    ).toContain('tee');
    expect(
      wrapper(
        steps([
          ['a', say],
          ['b', say, take('exitCode')],
        ]),
      ),
    ).toContain('exitCode');
    expect(
      wrapper(
        steps([
          ['a', say],
          ['b', say, take('outputs.parameters.x')],
        ]),
      ),
    ).toBe('');
    expect(node(steps([['a', script]]))?.container?.entrypoint).toEqual(['sh']);
    for (const tag of [
      'outputs.result',
      "=steps['a']['outputs']['result']",
      '=steps.a.outputs.result',
    ])
      expect(
        wrapper(
          steps([
            ['a', script],
            ['b', say, take(tag).replace('{{steps.a.=', '{{=')],
          ]),
        ),
      ).toContain('tee "$TEMPOGRAPH_OUTPUTS/result"');
  });

  it('names and paths that cannot be are losses', () => {
    const made = one(
      'container: { image: i, command: [sh] }, outputs: { parameters: [{ name: ../x, valueFrom: { path: /tmp/x } }, { name: y, valueFrom: { path: y } }, { name: z, valueFrom: { jsonPath: "{.a}" } }], artifacts: [{ name: a/b, path: /tmp/a }, { name: c, path: /data/c, s3: { key: k } }] }',
    );
    expect(told(made)).toEqual([
      '[0].outputs.parameters[0].name: "../x" cannot be the name of a file; not kept',
      '[0].outputs.parameters[1].valueFrom.path: "y" is no absolute path; left out',
      '[0].outputs.parameters[2].valueFrom: a value is read from a file of the program only; it is empty',
      '[0].outputs.artifacts[0].name: "a/b" cannot be the name of a file; not kept',
      '[0].outputs.artifacts[1].path: "/data/c": the root of a container is read-only here; use a path below /tmp',
      '[0].outputs.artifacts[1].s3: it is kept as an artifact of the node, and copied nowhere else',
    ]);
  });

  it("what the image's own program reads and says is lost, in one sentence", () => {
    const made = steps([
      [
        'a',
        'container: { image: i }, inputs: { artifacts: [{ name: in, path: /tmp/in, raw: { data: x } }] }',
      ],
      [
        'b',
        'container: { image: i }',
        'arguments: { parameters: [{ name: p, value: "{{steps.a.outputs.result}}" }] }',
      ],
    ]);
    expect(told(made)).toEqual([
      '[1].container.command: none is said, so its files are not put into place, and what it says is no result; say the command that the image begins with',
    ]);
  });

  it("an exit code that the image's own program ends with is lost aloud, where it is read", () => {
    const made = steps([
      ['a', 'container: { image: i }'],
      [
        'b',
        'container: { image: i, command: [say] }',
        'arguments: { parameters: [{ name: p, value: "{{steps.a.exitCode}}" }] }',
      ],
    ]);
    expect(told(made)).toContain(
      '[1].container.command: none is said, so its exit code is not kept; say the command that the image begins with',
    );
  });

  it("the image's own program has no wrapper, which is a loss where one is needed", () => {
    const made = one(
      'container: { image: i, args: [a] }, outputs: { parameters: [{ name: x, valueFrom: { path: /tmp/x } }] }',
    );
    expect(node(made)?.container).toEqual({ image: 'i', command: ['a'] });
    expect(told(made)).toEqual([
      '[0].container.command: none is said, so its outputs are not kept; say the command that the image begins with',
    ]);
  });
});
