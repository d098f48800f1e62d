/** `tempograph artifacts` and `tempograph artifact get`: what tasks kept beside their outputs. */
import { resolve } from 'node:path';
import { assertArtifactName, type NodeArtifact } from '../domain/artifact.js';
import { splitExecutionId } from '../domain/execution-id.js';
import { didYouMean } from '../domain/suggest.js';
import { table, type Cell } from './columns.js';
import {
  option,
  type CommandDefinition,
  type CommandGroup,
  type CommonOptions,
} from './command.js';
import { EXIT, UsageError } from './exit.js';
import { withSession, type Session } from './session.js';
import { writeOut } from './write-file.js';

const ID = ['<id>', "the execution's id, or <execution>/<node>"] as const;

export const artifacts: CommandDefinition = {
  name: 'artifacts',
  summary: 'List the files that the tasks of an execution kept',
  parameters: [ID],
  examples: [
    ['tempograph artifacts nightly-3f2a', 'of all its nodes that have ended'],
    ['tempograph artifacts nightly-3f2a/report --json', 'of one node'],
  ],
  run: async (out, options, [id = '']) =>
    await withSession(options, async (session) => {
      const list = await artifactsOf(session, id);
      out.document({ artifacts: list });
      if (list.length === 0 && !out.json) out.note(`${id} has no artifacts`);
      if (list.length === 0) return EXIT.done;
      const titles = ['NODE', 'NAME', 'BYTES', 'TYPE'].map((text): Cell => ({
        text,
        paint: out.style.dim,
      }));
      const rows = list.map(({ nodeId, name, bytes, contentType }) =>
        [nodeId, name, bytes.toLocaleString('en'), contentType].map((text): Cell => ({ text })),
      );
      for (const line of table([titles, ...rows], out.live ? out.width : Infinity)) out.print(line);
      return EXIT.done;
    }),
};

interface GetOptions extends CommonOptions {
  output?: string;
  force?: boolean;
}

const get: CommandDefinition<GetOptions> = {
  name: 'get',
  summary: 'Write a file that a task kept to this folder',
  description:
    'Under the name that it has, or where --output says. A file that is there already is not touched without --force.',
  parameters: [ID, ['<name>', 'as "tempograph artifacts" lists it']],
  options: [
    option('--output <file>', 'where to write it; - for standard output'),
    option('--force', 'also over a file that is there'),
  ],
  examples: [
    ['tempograph artifact get nightly-3f2a/report report.html', 'of one node'],
    ['tempograph artifact get nightly-3f2a rows.csv --output -', 'to standard output'],
  ],
  run: async (out, { output, force, ...options }, [id = '', name = '']) =>
    await withSession(options, async (session) => {
      if (output === '-' && out.json)
        throw new UsageError(
          '--output - writes the bytes to standard output, where --json writes JSON; leave one out',
        );
      const { graphId } = splitExecutionId(id);
      const { nodeId } = theOne(await artifactsOf(session, id), id, name);
      const { data, ...found } = await session.engine.handle(graphId).artifact(nodeId, name);
      if (output === '-') {
        out.bytes(data);
        return EXIT.done;
      }
      assertArtifactName(found.name); // it becomes a path here
      const path = resolve(output ?? found.name);
      await writeOut(path, data, force ?? false);
      out.print(`${path}  ${found.bytes.toLocaleString('en')} bytes`);
      out.document({ artifact: { ...found, path } });
      return EXIT.done;
    }),
};

export const artifact: CommandGroup = {
  name: 'artifact',
  summary: 'Get the files that tasks kept',
  commands: [get],
  examples: [['tempograph artifact get nightly-3f2a/report report.html', 'to this folder']],
};

async function artifactsOf({ engine }: Session, id: string): Promise<NodeArtifact[]> {
  return await engine.handle(id).artifacts();
}

function theOne(list: readonly NodeArtifact[], id: string, name: string): NodeArtifact {
  const named = list.filter((one) => one.name === name);
  const [only] = named;
  if (only && named.length === 1) return only;
  if (only) {
    const nodes = named.map(({ nodeId }) => nodeId).join(', ');
    throw new UsageError(
      `${named.length} nodes of ${id} kept ${JSON.stringify(name)}: ${nodes}; name one as ${splitExecutionId(id).graphId}/${only.nodeId}`,
    );
  }
  const names = list.map((one) => one.name);
  const hint = didYouMean(name, names) ?? `"tempograph artifacts ${id}" lists what there is`;
  throw new UsageError(`${id} has no artifact ${JSON.stringify(name)}; ${hint}`);
}
