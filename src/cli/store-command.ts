/** `tempograph rebuild-store`: fills the store again from Temporal. */
import type { CommandDefinition } from './command.js';
import { EXIT } from './exit.js';
import { withSession } from './session.js';

export const rebuildStore: CommandDefinition = {
  name: 'rebuild-store',
  summary: 'Fill the store again from what Temporal knows',
  description:
    'Reads every execution of the namespace, ended ones included, as far back as Temporal keeps them. What exists only in the store (catalogue, cache, circuits) stays as it is. May run while workers do.',
  examples: [['tempograph rebuild-store', 'after the store was lost']],
  run: async (out, options) =>
    await withSession(options, async ({ engine }) => {
      const { looked, changed } = await engine.rebuildStore();
      out.print(`${looked} executions read, ${changed} rows written`);
      out.document({ looked, changed });
      return EXIT.done;
    }),
};
