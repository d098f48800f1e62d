/**
 * Starts that go straight to a worker of this process: the server hands the first workflow task back with the answer, and
 * no queue has to match it. Only by the connection that the worker polls by, and where that is of the same server.
 */
import { Client, type ConnectionLike } from '@temporalio/client';
import { localWorkers } from '../local-workers.js';
import { namespaceId } from '../observe/store-owner.js';

export class EagerStart {
  private readonly made = new WeakMap<object, Client>();
  private own: Promise<string | undefined> | undefined;

  constructor(
    private readonly client: Client,
    private readonly taskQueue: string,
  ) {}

  /** A client whose starts may ask for it; undefined where no worker here takes what is started. */
  async through(): Promise<Client | undefined> {
    const { namespace } = this.client.options;
    const [worker] = localWorkers(namespace, this.taskQueue);
    if (worker?.namespaceId === undefined) return undefined;
    this.own ??= namespaceId(this.client);
    return worker.namespaceId === (await this.own) ? this.clientOf(worker.connection) : undefined;
  }

  private clientOf(connection: ConnectionLike): Client {
    let client = this.made.get(connection);
    if (!client) {
      const { namespace, identity, dataConverter, interceptors } = this.client.options;
      client = new Client({ connection, namespace, identity, dataConverter, interceptors });
      this.made.set(connection, client);
    }
    return client;
  }
}
