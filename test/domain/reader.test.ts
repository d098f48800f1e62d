/** Large pipelines that a server is sent: read in a thread, with the same answer, and no longer than a limit. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { HttpProblem } from '../../src/http/problem.js';
import { readPipeline } from '../../src/http/read-pipeline.js';
import { Reader, type ReaderOptions } from '../../src/http/reader.js';

const nodes = Array.from({ length: 200 }, (_, i) => `  - { id: n${i}, task: work }\n`).join('');
const SOUND = `name: x\nparams: { n: { type: integer } }\ntasks:\n${nodes}`;
const here = new AbortController().signal;

const open: Reader[] = [];
function reader(options: ReaderOptions): Reader {
  const made = new Reader(options);
  open.push(made);
  return made;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

describe('a pipeline that is read for a server', () => {
  it('lets others be served while it is read in a thread, where it is large', async () => {
    const order: string[] = [];
    const large = reader({ threadOver: 1_000 });
    const job = { text: SOUND, params: { n: 1 }, check: true };
    const read = large.read(job, here).then(() => order.push('read'));
    await nextTurn();
    order.push('served');
    await read;
    expect(order).toEqual(['served', 'read']);
  });

  it.each([
    ['a sound one', SOUND],
    ['JSON', JSON.stringify({ name: 'x', tasks: [{ id: 'a', task: 'work', tsak: 1 }] })],
    ['a graph with faults', SOUND.replace('id: n7,', 'id: n7, tsk: 1,')],
    ['no YAML', `${SOUND}  - [`],
    ['the edges alone', 'a: []\nb: [a]\n'],
    ['nothing', '# nothing\n'],
  ])('has the same answer from a thread: %s', async (_title, text) => {
    const job = { text, params: { n: 'one' }, check: true };
    expect(await reader({ threadOver: 0 }).read(job, here)).toEqual(readPipeline(job));
  });

  it('is refused where that takes longer than the limit, and the next one is read', async () => {
    const short = reader({ threadOver: 0, limitMs: 1 });
    const job = { text: SOUND, check: false };
    const answers = await Promise.all([1, 2, 3].map(() => short.read(job, here)));
    for (const { graph, faults } of answers) {
      expect(graph).toBeNull();
      expect(faults).toMatchObject([
        {
          code: 'TOO_LARGE',
          message: `the file has ${SOUND.length} characters and was not read within 0.001 s, which is the limit`,
          hint: 'send it as JSON, which is read much faster, or split it into graphs that run each other',
        },
      ]);
    }
    await expect(short.graph(job, here)).rejects.toMatchObject({ code: 'SPEC_INVALID' });
  });

  it('is not read on for whoever has gone, and those who wait are', async () => {
    const one = reader({ threadOver: 0 });
    const gone = new AbortController();
    const endless = { text: `x: [${'1,'.repeat(1_000_000)}]`, check: false };
    const left = [1, 2].map(() =>
      one.read(endless, gone.signal).catch(({ code }: HttpProblem) => code),
    );
    const waiting = one.read({ text: SOUND, params: { n: 1 }, check: true }, here);
    gone.abort();
    expect(await Promise.all(left)).toEqual(['REQUEST_TIMEOUT', 'REQUEST_TIMEOUT']);
    expect(await waiting).toMatchObject({ graph: { name: 'x' }, faults: [] });
  });
});
