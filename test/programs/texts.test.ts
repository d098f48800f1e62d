/** What a program is started with, made of its input, and what it gives as texts: in sandboxes and in containers, through Temporal. */
import { existsSync } from 'node:fs';
import type { ExecutionResult } from '../../src/client.js';
import { BUSYBOX, lacksDocker, startDocker, type PrivateDocker } from '../support/docker.js';
import { startHarness, type Harness } from '../support/engine.js';

const here = existsSync('/usr/bin/bwrap') && process.getuid?.() === 0;
if (!here) process.stderr.write('texts of programs are skipped: they need bubblewrap and root\n');
const SECRET = 'not-for-the-log-4711';

type Node = ExecutionResult['nodes'][string];

(here ? describe : describe.skip)('programs that are started with what their input says', () => {
  let harness: Harness;
  let docker: PrivateDocker | undefined;
  beforeAll(async () => {
    const lack = lacksDocker();
    if (lack === undefined) docker = await startDocker();
    else process.stderr.write(`containers are skipped: ${lack}\n`);
    harness = await startHarness({
      programs: docker ? ['process', 'container'] : ['process'],
      ...(docker ? { containerEngine: `unix://${docker.socketPath}` } : {}),
      secrets: () => SECRET,
    });
  });
  afterAll(async () => {
    await harness.stop();
    await docker?.stop();
  });

  const run = async (tasks: object[], rest: object = {}) => {
    const defaults = { retry: 'NONE', resources: { cpu: 1 } };
    const spec = { name: 'g', defaults, tasks, ...rest } as never;
    const handle = await harness.engine.scheduleTaskGraph(spec);
    const { nodes } = await handle.result();
    return { nodes, node: nodes['p'] as Node, id: handle.executionId };
  };

  describe.each<[string, (command: string[], more?: object) => object]>([
    ['process', (command, more) => ({ process: { command, ...more } })],
    ['container', (command, more) => ({ container: { image: BUSYBOX, command, ...more } })],
  ])('%s', (kind, program) => {
    const test = (title: string, what: () => Promise<void>): void =>
      it(title, async () => {
        if (kind === 'process' || docker) await what();
      });

    test('gets arguments and variables out of its input, and gives texts', async () => {
      const script =
        'mkdir "$TEMPOGRAPH_OUTPUTS/deep" && printf "%s|" "$@" "$N" > "$TEMPOGRAPH_OUTPUTS/said"; echo "$#" > "$TEMPOGRAPH_OUTPUTS/deep/count"';
      const command = ['sh', '-c', script, 'sh', '${{ input.text }}', '${{ input.list }}', '-'];
      const { node } = await run(
        [
          {
            id: 'p',
            ...program(command, { env: { N: 'n=${{ input.n }}' } }),
            input: { text: '${{ params.text }}', list: [1, 'a'], n: 2 },
          },
        ],
        { params: { text: { default: '$(id) "žluť"\n;' } } },
      );
      expect({ error: node.error, output: node.output }).toEqual({
        error: null,
        output: { said: '$(id) "žluť"\n;|[1,"a"]|-|n=2|', deep: { count: '3' } },
      });
    });

    test('reads a file of the node before by its path', async () => {
      const make = 'printf "a\\nb\\n" > "$TEMPOGRAPH_ARTIFACTS/rows"';
      const count = 'wc -l < "$1" > "$TEMPOGRAPH_OUTPUTS/rows"';
      const { node } = await run([
        { id: 'make', ...program(['sh', '-c', make]) },
        {
          id: 'p',
          dependsOn: ['make'],
          ...program(['sh', '-c', count, 'sh', '${{ input.file.path }}']),
          input: { file: '${{ tasks.make.artifacts["rows"] }}' },
        },
      ]);
      expect({ error: node.error, output: node.output }).toEqual({
        error: null,
        output: { rows: '2' },
      });
    });

    test('gets a secret of its input as a variable, which no log shows', async () => {
      const { node, id } = await run([
        {
          id: 'p',
          ...program(['sh', '-c', 'echo "it is $T"; echo "${#T}" > "$TEMPOGRAPH_OUTPUTS/length"'], {
            env: { T: '${{ input.token }}' },
          }),
          input: { token: '${{ secrets.TOKEN }}' },
        },
      ]);
      expect(node.output).toEqual({ length: String(SECRET.length) });
      const said = harness.lines.filter(({ executionId }) => executionId === id);
      expect(said.map(({ msg }) => msg)).toContain('it is ***');
    });

    test('fails, naming the place, where its input has not what an argument reads', async () => {
      const command = ['echo', '${{ input.missing }}'];
      const { node } = await run([
        {
          id: 'p',
          ...program(command),
          input: {},
          retry: { strategy: 'IMMEDIATE', maxRetries: 3 },
        },
      ]);
      expect(node).toMatchObject({ attempts: 1, error: { code: 'EXPRESSION' } });
      expect(node.error?.message).toMatch(new RegExp(`${kind}\\.command\\[1\\].*missing`));
    });

    test('fails where making an argument takes more than a second, and the worker goes on', async () => {
      const slow = 'input.list.map(a, size(input.list.filter(b, b == a)))';
      const command = [
        'echo',
        `\${{ size(${Array.from({ length: 10 }, () => slow).join(' + ')}) }}`,
      ];
      const { node } = await run([
        {
          id: 'p',
          ...program(command),
          input: { list: Array.from({ length: 1_000 }, (_, n) => n) },
        },
      ]);
      expect(node).toMatchObject({ attempts: 1, error: { code: 'EXPRESSION' } });
      expect(node.error?.message).toContain('took more than 1000 ms and were stopped');
    });

    test('fails where it gives its output twice', async () => {
      const both = 'echo 1 > "$TEMPOGRAPH_OUTPUT"; echo 2 > "$TEMPOGRAPH_OUTPUTS/a"';
      const { node } = await run([{ id: 'p', ...program(['sh', '-c', both]) }]);
      expect(node.error).toMatchObject({ code: 'OUTPUT_INVALID' });
      expect(node.error?.message).toContain('write one of them');
    });

    test('fails where one of its texts is none', async () => {
      const link = 'ln -s /etc/passwd "$TEMPOGRAPH_OUTPUTS/a"';
      const { node } = await run([{ id: 'p', ...program(['sh', '-c', link]) }]);
      expect(node.error).toMatchObject({ code: 'OUTPUT_INVALID' });
    });
  });

  it('code for a runtime gets arguments out of its input, each item of a map its own', async () => {
    const code =
      'import os, sys\nopen(os.environ["TEMPOGRAPH_OUTPUTS"] + "/n", "w").write(sys.argv[1])';
    const { node } = await run([
      {
        id: 'p',
        map: { over: [3, 4] },
        process: { runtime: 'python', code, args: ['${{ input }}'] },
        input: '${{ item * 2 }}',
      },
    ]);
    expect(node.output).toEqual([{ n: '6' }, { n: '8' }]);
  });
});
