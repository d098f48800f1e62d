/** A handle to one execution behind a server. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ArtifactContent, ExecutionResult, ExecutionUpdate } from '../client.js';
import type { NodeArtifact } from '../domain/artifact.js';
import { TaskError } from '../domain/errors.js';
import { isTerminal } from '../domain/status.js';
import { path, type Api } from './api.js';
import type { CommandHandle } from './surface.js';

/** Between two questions for the result, in milliseconds; whoever watches asks as soon as the end is seen. */
const ASK_MS = 1_000;
/** How long a server that is gone is asked again, in milliseconds. */
const GIVE_UP_MS = 60_000;

export class RemoteHandle implements CommandHandle {
  private readonly seenEnd = new AbortController();

  constructor(
    private readonly api: Api,
    readonly executionId: string,
    readonly executions: CommandHandle['executions'] = [],
  ) {}

  /** The end is asked for, and not read off a watch: that needs a worker who answers, and the end does not. */
  async result(): Promise<ExecutionResult> {
    let lostAt: number | undefined;
    for (;;) {
      try {
        return await this.api.get<ExecutionResult>(path`/executions/${this.executionId}/result`);
      } catch (error) {
        const code = error instanceof TaskError ? error.code : undefined;
        if (code === 'STATE') lostAt = undefined;
        else if (code !== 'UNREACHABLE') throw error;
        else if (Date.now() - (lostAt ??= Date.now()) > GIVE_UP_MS) throw error;
      }
      const { signal } = this.seenEnd;
      await delay(ASK_MS, undefined, signal.aborted ? {} : { signal }).catch(() => undefined);
    }
  }

  async status(): Promise<ExecutionUpdate> {
    for await (const update of this.watch()) return update;
    throw new TaskError('UNREACHABLE', `nothing was told of ${this.executionId}; ask again`);
  }

  async *watch({ signal }: { signal?: AbortSignal } = {}): AsyncGenerator<ExecutionUpdate> {
    const where = path`/executions/${this.executionId}/watch`;
    for await (const { data } of this.api.messages(where, { signal })) {
      const update = JSON.parse(data) as ExecutionUpdate;
      if (isTerminal(update.status)) this.seenEnd.abort();
      yield update;
    }
  }

  async artifacts(): Promise<NodeArtifact[]> {
    const where = path`/executions/${this.executionId}/artifacts`;
    return (await this.api.get<{ artifacts: NodeArtifact[] }>(where)).artifacts;
  }

  async artifact(nodeId: string, name: string): Promise<ArtifactContent> {
    const found = (await this.artifacts()).find(
      (one) => one.nodeId === nodeId && one.name === name,
    );
    if (!found)
      throw new TaskError(
        'NOT_FOUND',
        `${this.executionId}/${nodeId} has no artifact ${JSON.stringify(name)}`,
      );
    const where = path`/executions/${this.executionId}/nodes/${nodeId}/artifacts/${name}`;
    const { data } = await this.api.bytes(where);
    return { ...found, data };
  }
}
