/** `tempograph man`: the manual page. */
import { packageVersion } from '../config.js';
import { ownTable } from './command-table.js';
import type { CommandDefinition } from './command.js';
import { EXIT } from './exit.js';
import { manPage } from './man-page.js';

export const man: CommandDefinition = {
  name: 'man',
  summary: 'Print the manual page',
  description: 'In roff. A global installation has it as "man tempograph" too. Needs no server.',
  connects: false,
  examples: [['tempograph man | man -l -', 'read it']],
  run: async (out) => {
    const page = manPage(await ownTable(), packageVersion());
    out.source(page.trimEnd());
    out.document({ page });
    return EXIT.done;
  },
};
