/**
 * A model's evaluation: a fan-out over the test cases, as many as there are at run time, in a process of their own if you
 * like; a score of all; and a release that is asked for only where the score is good enough.
 */
import { defineTask, TaskEngine, type GraphSpec } from 'tempograph';
import { startWorker } from 'tempograph/worker';
import { z } from 'zod';

const cases = defineTask({
  name: 'cases',
  input: z.object({ count: z.int() }),
  output: z.array(z.object({ question: z.string(), answer: z.int() })),
  run: ({ count }) =>
    Array.from({ length: count }, (_, n) => ({ question: `${n} + ${n}`, answer: n + n })),
});
const evaluate = defineTask({
  name: 'evaluate',
  input: z.object({ question: z.string(), answer: z.int() }),
  output: z.object({ right: z.boolean() }),
  timeout: '30s',
  retry: { strategy: 'EXPONENTIAL_BACKOFF', delay: '100ms', maxRetries: 2, jitter: true },
  run: ({ question, answer }, { metric }) => {
    const [left = '0', , right = '0'] = question.split(' ');
    const said = Number(left) + Number(right) + (answer === 14 ? 1 : 0); // it has its weak spot
    metric('error', Math.abs(said - answer));
    return { right: said === answer };
  },
});

const evaluation: GraphSpec = {
  name: 'evaluation',
  params: { count: { type: 'integer', default: 40 }, threshold: { type: 'number', default: 0.9 } },
  tasks: [
    { id: 'cases', task: 'cases', input: { count: '${{ params.count }}' } },
    {
      id: 'runs',
      task: 'evaluate',
      dependsOn: ['cases'],
      map: { over: 'tasks.cases.output', concurrency: 20 },
      input: '${{ item }}',
    },
    {
      id: 'score',
      task: 'echo',
      dependsOn: ['runs'],
      input:
        '${{ double(size(tasks.runs.output.filter(r, r.right))) / double(size(tasks.runs.output)) }}',
    },
    {
      id: 'release',
      dependsOn: ['score'],
      when: 'tasks.score.output >= params.threshold',
      approval: { message: 'Release with a score of ${{ tasks.score.output }}?', by: ['ada'] },
    },
  ],
};

const settings = { taskQueue: `evaluation-${process.pid}` };
const worker = await startWorker({ ...settings, tasks: [cases, evaluate] });
const engine = await TaskEngine.connect(settings);
const handle = await engine.scheduleTaskGraph(evaluation);
for await (const { changed } of handle.watch()) {
  const asked = changed.find(({ approval }) => approval !== undefined);
  if (!asked) continue;
  console.log(asked.approval?.message);
  await handle.node(asked.id).approve({ by: 'ada', note: 'good enough' });
}
const { status, output, nodes } = await handle.result();
console.log(`${status}: score ${JSON.stringify(nodes['score']?.output)}`, output);

await engine.shutdown();
await worker.shutdown();
