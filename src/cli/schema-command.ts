/** `tempograph schema`: the JSON Schema of pipeline files, for editors. */
import { pipelineSchema } from '../domain/pipeline-schema.js';
import type { CommandDefinition } from './command.js';
import { EXIT } from './exit.js';

export const schema: CommandDefinition = {
  name: 'schema',
  summary: 'Print the JSON Schema of pipeline files',
  description:
    'For editors: the same document is in the package, as schema/pipeline.schema.json. In a YAML file the first line ' +
    '"# yaml-language-server: $schema=<file>" has an editor complete and check it.',
  connects: false,
  examples: [['tempograph schema > pipeline.schema.json', 'for an editor']],
  run: async (out) => {
    const document = pipelineSchema();
    out.document(document);
    out.source(JSON.stringify(document, null, 2));
    return EXIT.done;
  },
};
