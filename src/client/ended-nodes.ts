/**
 * The nodes of executions that have ended, in the order of their ids: kept for whoever reads one page after the other, since
 * a big graph's stand in the order of their ends.
 *
 * E1. What has ended does not change: an execution is kept by the run that it ended with.
 * E2. Kept are at most `bytes`, compressed; what was not asked for the longest goes first.
 */
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { Status } from '../domain/status.js';
import type { NodeView } from '../workflows/messages.js';
import { behind, byId, type NodeSource, type Wanted } from './node-list.js';

/** Nodes of a piece. */
const PIECE = 1_000;
const MOST_BYTES = 32_000_000;

/** Some of an execution's nodes. */
interface Piece {
  last: string;
  statuses: ReadonlySet<Status>;
  data: Uint8Array;
}

const [compress, expand] = [promisify(deflateRaw), promisify(inflateRaw)];

export class EndedNodes {
  private readonly kept = new Map<string, Promise<Piece[]>>();
  private readonly sizes = new Map<string, number>();

  constructor(private readonly bytes = MOST_BYTES) {}

  /** How many executions are kept. */
  get size(): number {
    return this.kept.size;
  }

  /**
   * @param run the execution and the run that it ended with
   * @param read reads all of its nodes
   */
  source(run: string, read: () => Promise<readonly NodeView[]>): NodeSource {
    return (wanted) => this.nodes(run, read, wanted);
  }

  private async *nodes(
    run: string,
    read: () => Promise<readonly NodeView[]>,
    { after, status }: Wanted,
  ): AsyncGenerator<readonly NodeView[]> {
    const pieces = this.kept.get(run) ?? this.keep(run, read);
    this.kept.delete(run);
    this.kept.set(run, pieces); // the last to go
    try {
      for (const { last, statuses, data } of await pieces) {
        if (last <= after || status?.some((one) => statuses.has(one)) === false) continue;
        yield behind(JSON.parse((await expand(data)).toString()) as NodeView[], after);
      }
    } catch (error) {
      this.kept.delete(run);
      this.sizes.delete(run);
      throw error;
    }
  }

  private async keep(run: string, read: () => Promise<readonly NodeView[]>): Promise<Piece[]> {
    const pieces = await piecesOf(byId(await read()));
    this.sizes.set(
      run,
      pieces.reduce((sum, { data }) => sum + data.byteLength, 0),
    );
    let all = [...this.sizes.values()].reduce((sum, one) => sum + one, 0);
    for (const other of this.kept.keys()) {
      if (all <= this.bytes) break;
      const size = this.sizes.get(other);
      if (size === undefined) continue; // it is being read
      all -= size;
      this.sizes.delete(other);
      this.kept.delete(other);
    }
    return pieces;
  }
}

async function piecesOf(views: readonly NodeView[]): Promise<Piece[]> {
  const pieces: Piece[] = [];
  for (let from = 0; from < views.length; from += PIECE) {
    const some = views.slice(from, from + PIECE);
    pieces.push({
      last: some.at(-1)?.id ?? '',
      statuses: new Set(some.map(({ status }) => status)),
      data: await compress(JSON.stringify(some), { level: 1 }),
    });
  }
  return pieces;
}
