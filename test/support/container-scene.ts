/** What suites of containers share: runners over one engine, and a program that waits until it is let go. */
import { ContainerRunner, type ContainerRunnerOptions } from '../../src/runners/container.js';
import { tarOf } from '../engine/fake-engine.js';
import type { PrivateDocker } from './docker.js';
import { until } from './until.js';

/** A script's beginning: says `started`, and goes on once {@link ContainerScene.letGo} was called. */
export const WAITS = 'echo started; until [ -e $TEMPOGRAPH_OUTPUT.go ]; do sleep 0.1; done;';

export class ContainerScene {
  constructor(private readonly engine: () => PrivateDocker) {}

  runner(options: Partial<ContainerRunnerOptions> = {}): ContainerRunner {
    const { socketPath } = this.engine();
    return new ContainerRunner({
      maxContainers: 4,
      graceMs: 300,
      engine: { socketPath },
      ...options,
    });
  }

  containers(): Promise<{ Id: string; State: string }[]> {
    return this.engine().docker.listContainers({ all: true });
  }

  /** The id of the only container, once it runs. */
  async runningId(): Promise<string> {
    let id = '';
    await until(async () => {
      const [one] = await this.containers();
      id = one?.State === 'running' ? one.Id : '';
      return id !== '';
    }, 'the container');
    return id;
  }

  async letGo(id: string): Promise<void> {
    const archive = await tarOf([{ name: 'output.json.go', content: '' }]);
    await this.engine().docker.getContainer(id).putArchive(archive, { path: '/tempograph/out' });
  }

  /** Nothing is left, no volume neither. */
  async expectNothingLeft(): Promise<void> {
    expect(await this.containers()).toEqual([]);
    expect((await this.engine().docker.listVolumes()).Volumes).toEqual([]);
  }
}
