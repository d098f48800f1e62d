/** Converted programs run: Argo files whose containers and scripts give results, lists and files to each other. */
import type { ExecutionResult } from '../src/client.js';
import { convert } from '../src/index.js';
import { BUSYBOX, lacksDocker, startDocker, type PrivateDocker } from './support/docker.js';
import { startHarness, type Harness } from './support/engine.js';

const lack = lacksDocker();
if (lack !== undefined) process.stderr.write(`converted programs are skipped: ${lack}\n`);

(lack === undefined ? describe : describe.skip)('converted programs', () => {
  let harness: Harness;
  let docker: PrivateDocker;
  beforeAll(async () => {
    docker = await startDocker();
    harness = await startHarness({
      programs: ['container'],
      containerEngine: `unix://${docker.socketPath}`,
      secrets: () => 'a secret',
    });
  });
  afterAll(async () => {
    await harness.stop();
    await docker.stop();
  });

  const run = async (spec: string, params: Record<string, string> = {}) => {
    const { pipeline } = convert(
      `apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: { name: w }\nspec:\n${spec.replaceAll('IMAGE', BUSYBOX)}`,
      { from: 'argo' },
    );
    const handle = await harness.engine.scheduleTaskGraph(pipeline, { params });
    const { status, nodes } = await handle.result();
    const errors = Object.values(nodes).flatMap(({ error }) => (error ? [error.message] : []));
    return { status, nodes, errors };
  };
  const outputOf = (nodes: ExecutionResult['nodes'], id: string) => nodes[id]?.output;

  it('a script says its result, and the next step gets it as it is', async () => {
    const { errors, nodes } = await run(
      `
  entrypoint: main
  arguments: { parameters: [{ name: who, value: world }] }
  templates:
    - name: main
      steps:
        - - { name: hello, template: hello }
        - - name: echo
            template: echo
            arguments: { parameters: [{ name: text, value: "{{steps.hello.outputs.result}}" }] }
        - - name: static
            template: static
        - - { name: never, template: static, when: "'{{steps.echo.outputs.result}}{{steps.static.outputs.result}}' == x" }
    - name: hello
      script:
        image: IMAGE
        command: [sh]
        env: [{ name: T, valueFrom: { secretKeyRef: { name: s, key: k } } }]
        source: |
          echo "hello {{workflow.parameters.who}} $(test -n "$T" && echo with a secret)"
          echo 'it is "$HOME" \${{ x }}'
    - name: static
      script: { image: IMAGE, command: [sh], source: 'echo static; pwd' }
    - name: echo
      inputs: { parameters: [{ name: text }] }
      script:
        image: IMAGE
        command: [sh]
        args: [-e]
        env: [{ name: TEXT, value: "{{inputs.parameters.text}}" }]
        source: printf %s "$TEXT"
`,
      { who: 'you' },
    );
    expect(errors).toEqual([]);
    const result = 'hello you with a secret\nit is "$HOME" ${{ x }}';
    expect(outputOf(nodes, 'hello')).toEqual({ result });
    expect(outputOf(nodes, 'echo')).toEqual({ result });
    expect(outputOf(nodes, 'static')).toEqual({ result: 'static\n/tmp' });
  });

  it('a list that a script says is gone over, and each item gives its parameters', async () => {
    const { errors, nodes } = await run(
      `
  entrypoint: main
  templates:
    - name: main
      dag:
        tasks:
          - { name: list, template: list }
          - name: each
            template: square
            depends: list
            withParam: "{{tasks.list.outputs.result}}"
            arguments: { parameters: [{ name: n, value: "{{item.n}}" }] }
          - name: all
            template: all
            depends: each
            arguments: { parameters: [{ name: squares, value: "{{tasks.each.outputs.parameters.square}}" }] }
          - { name: never, template: list, depends: all, when: "{{tasks.all.outputs.result}} == x" }
    - name: list
      script: { image: IMAGE, command: [sh], source: 'echo ''[{"n": 3}, {"n": 4}]''' }
    - name: square
      inputs: { parameters: [{ name: n }] }
      container: { image: IMAGE, command: [sh, -c], args: ['echo $(( {{inputs.parameters.n}} * {{inputs.parameters.n}} )) > {{outputs.parameters.square.path}}'] }
      outputs: { parameters: [{ name: square, valueFrom: { path: /tmp/square } }, { name: none, valueFrom: { path: /tmp/none, default: "it's none" } }] }
    - name: all
      inputs: { parameters: [{ name: squares }] }
      script: { image: IMAGE, command: [sh], source: "echo 'all: {{inputs.parameters.squares}}'" }
`,
    );
    expect(errors).toEqual([]);
    expect(outputOf(nodes, 'list')).toEqual({ result: '[{"n": 3}, {"n": 4}]' });
    expect(outputOf(nodes, 'each')).toEqual([
      { parameters: { square: '9', none: "it's none" } },
      { parameters: { square: '16', none: "it's none" } },
    ]);
    expect(outputOf(nodes, 'all')).toEqual({ result: 'all: ["9","16"]' });
  });

  it('a folder and a text are files of the next step, also through a sub-graph and out of it', async () => {
    const { errors, nodes } = await run(`
  entrypoint: main
  templates:
    - name: main
      steps:
        - - { name: make, template: make }
        - - name: inside
            template: graph
            arguments: { artifacts: [{ name: in, from: "{{steps.make.outputs.artifacts.folder}}" }] }
        - - name: read
            template: read
            arguments: { artifacts: [{ name: in, from: "{{steps.inside.outputs.artifacts.copied}}" }, { name: note, raw: { data: "n={{steps.inside.outputs.parameters.count}}" } }] }
        - - { name: never, template: make, when: "'{{steps.read.outputs.result}}' == x" }
    - name: make
      script:
        image: IMAGE
        command: [sh]
        source: |
          mkdir -p /tmp/out/deep; echo 1 > /tmp/out/a; echo 2 > /tmp/out/deep/.b
      outputs: { artifacts: [{ name: folder, path: /tmp/out }] }
    - name: graph
      inputs: { artifacts: [{ name: in }] }
      dag:
        tasks:
          - name: copy
            template: copy
            arguments: { artifacts: [{ name: in, from: "{{inputs.artifacts.in}}" }] }
          - { name: later, template: make, depends: copy }
      outputs:
        parameters: [{ name: count, valueFrom: { parameter: "{{tasks.copy.outputs.parameters.count}}" } }]
        artifacts: [{ name: copied, from: "{{tasks.copy.outputs.artifacts.copied}}" }]
    - name: copy
      inputs: { artifacts: [{ name: in, path: /tmp/in }] }
      container:
        image: IMAGE
        command: [sh, -c]
        args: ["cat {{inputs.artifacts.in.path}}/a {{inputs.artifacts.in.path}}/deep/.b > /tmp/copied; wc -l < /tmp/copied > /tmp/count"]
      outputs:
        parameters: [{ name: count, valueFrom: { path: /tmp/count } }]
        artifacts: [{ name: copied, path: /tmp/copied }]
    - name: read
      inputs: { artifacts: [{ name: in, path: /tmp/in/file }, { name: note, path: /tmp/note }] }
      script: { image: IMAGE, command: [sh], source: "cat /tmp/in/file /tmp/note" }
`);
    expect(errors).toEqual([]);
    expect(outputOf(nodes, 'read')).toEqual({ result: '1\n2\nn=2' });
  });

  it('exit codes stay, and a result that is not there is said', async () => {
    const { status, nodes } = await run(`
  entrypoint: main
  templates:
    - name: main
      dag:
        failFast: false
        tasks: [{ name: code, template: code }, { name: none, template: none }]
    - name: code
      script: { image: IMAGE, command: [sh], source: "echo {{workflow.name}}; exit 7" }
    - name: none
      container: { image: IMAGE, command: ["true"] }
      outputs: { parameters: [{ name: p, valueFrom: { path: /tmp/p } }] }
`);
    expect(status).toBe('FAILED');
    expect(nodes['code']?.error).toMatchObject({ details: { exitCode: 7 } });
    expect(nodes['none']?.error).toMatchObject({
      details: {
        exitCode: 64,
        stderr: expect.stringContaining('output parameter p: there is no file /tmp/p') as string,
      },
    });
  });
});
