/** What the driver of these benches knows of another product. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Shape } from '../graphs/shapes.js';
import type { Stage } from '../graphs/stage.js';

/** One that is up. */
export interface Side {
  /** Runs a graph to its end. @param key `W1`, `W2` or `W3` */
  run: (key: string, shape: Shape, id: string) => Promise<void>;
  /** All of its processes now, servers included. */
  pids: () => number[];
}

export interface Peer {
  name: string;
  /** Versions, and how it keeps what it must not lose. */
  about: () => string;
  start: (stage: Stage) => Promise<Side>;
}

/** A side whose worker takes a graph as `POST /KEY` and answers once it has ended. */
export const overHttp =
  (port: number): Side['run'] =>
  async (key, { dependsOn, window }, id) => {
    const response = await fetch(`http://127.0.0.1:${port}/${key}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id, dependsOn, window }),
    });
    if (!response.ok)
      throw new Error(`${key} ended with ${response.status}: ${await response.text()}`);
    await response.arrayBuffer();
  };

/** Resolves once somebody listens there. @throws Error after a minute */
export async function listening(port: number): Promise<void> {
  for (let nth = 0; nth < 600; nth++) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await sleep(100);
    } finally {
      socket.destroy();
    }
  }
  throw new Error(`nobody listens at port ${port} after a minute`);
}
