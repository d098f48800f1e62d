/** `tempograph rebuild-store`: fills the store again from Temporal. */
import { option, type CommandDefinition, type CommonOptions } from './command.js';
import { EXIT } from './exit.js';
import { withDirectSession } from './session.js';
import { sinceOf } from './since.js';

interface RebuildOptions extends CommonOptions {
  since?: string;
}

export const rebuildStore: CommandDefinition<RebuildOptions> = {
  name: 'rebuild-store',
  local: 'reads Temporal and writes the store themselves',
  summary: 'Fill the store again from what Temporal knows',
  description:
    'Reads every execution of the namespace, ended ones included, as far back as Temporal keeps them. What exists only in the store (catalogue, cache, circuits) stays as it is. May run while workers do.',
  options: [
    option(
      '--since <time>',
      'only what was under way at or after this time, or this long ago (2h)',
    ),
  ],
  examples: [
    ['tempograph rebuild-store', 'after the store was lost'],
    ['tempograph rebuild-store --since 2d', 'after a backup of two days ago was put back'],
  ],
  run: async (out, options) =>
    await withDirectSession(options, async ({ engine }) => {
      const { looked, changed } = await engine.rebuildStore(
        options.since === undefined ? {} : { since: sinceOf(options.since) },
      );
      out.print(`${looked} executions read, ${changed} rows written`);
      out.document({ looked, changed });
      return EXIT.done;
    }),
};
