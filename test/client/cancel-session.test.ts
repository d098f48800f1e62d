import { Writable } from 'node:stream';
import { runCli } from '../../src/cli/program.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

/** What a command prints, on both streams. */
class Text {
  text = '';
  private readonly stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      this.text += chunk.toString();
      done();
    },
  });
  readonly streams = { stdout: this.stream, stderr: this.stream, env: {} };
}

describe('cancelling a session', () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness()));
  afterAll(() => harness.stop());

  const sleeps = async (sessionId: string): Promise<string> => {
    const { engine } = harness;
    const { executionId } = await engine.scheduleTask({
      ...{ task: 'sleep', input: { ms: 3_600_000 }, sessionId },
    });
    await until(async () => (await engine.getExecution(executionId)).status === 'RUNNING');
    await until(async () => {
      const { executions } = await engine.listExecutions({ sessionId });
      return executions.some((one) => one.executionId === executionId);
    });
    return executionId;
  };
  const endOf = async (id: string): Promise<string> =>
    (await harness.engine.handle(id).result()).status;

  it('asks all of it to stop that has not ended, and nothing else', async () => {
    const { engine } = harness;
    const [a, b, other] = [await sleeps('chat-1'), await sleeps('chat-1'), await sleeps('chat-2')];
    const asked = await engine.cancelSession('chat-1', { by: 'ada', reason: 'tested' });
    expect(asked.sort()).toEqual([a, b].sort());
    expect([await endOf(a), await endOf(b)]).toEqual(['CANCELLED', 'CANCELLED']);
    expect((await engine.getExecution(other)).status).toBe('RUNNING');
    expect(await engine.cancelSession('chat-1')).toEqual([]);
    await engine.cancelExecution(other);
  });

  it('by the command line prints each, and exits 1 where nothing is open', async () => {
    const id = await sleeps('chat-3');
    const out = new Text();
    const { address, dataDir } = harness;
    const flags = ['--session', 'chat-3', '--address', address, '--data-dir', dataDir];
    const cancel = (): Promise<number> =>
      runCli(['cancel', ...flags, '--task-queue', harness.taskQueue], out.streams);
    expect(await cancel()).toBe(0);
    expect(out.text).toContain(`${id} was asked to stop`);
    expect(await endOf(id)).toBe('CANCELLED');
    await until(async () => (await cancel()) === 1, 'nothing is open');
    expect(out.text).toContain('nothing of the session chat-3 is open');
  });

  it('and an execution at once is refused', async () => {
    const out = new Text();
    expect(await runCli(['cancel', 'x', '--session', 'y'], out.streams)).toBe(2);
    expect(out.text).toContain('expected either the id of an execution or --session');
  });
});
