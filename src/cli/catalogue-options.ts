/** What `project …` and `task …` have in common: the pages of a list, and what is said of a thing. */
import { projectMeant } from './catalogue-meant.js';
import { option, wholeNumber, type CommandDefinition, type CommonOptions } from './command.js';
import { EXIT } from './exit.js';
import { withSession } from './session.js';

export interface PageOptions extends CommonOptions {
  text?: string;
  archived?: boolean;
  limit?: number;
  cursor?: string;
}

export const PAGE_OPTIONS = [
  option('--text <words>', 'words, or their beginnings, of name and description'),
  option('--archived', 'those that are archived instead'),
  option('-n, --limit <n>', 'at most this many (default: 100)', wholeNumber('--limit', 1, 1_000)),
  option('--cursor <cursor>', '`nextCursor` of the page before'),
];

/** The query of a list. */
export const pageOf = ({ text, archived, limit, cursor }: PageOptions) => ({
  ...(text === undefined ? {} : { text }),
  ...(archived === undefined ? {} : { archived }),
  ...(limit === undefined ? {} : { limit }),
  ...(cursor === undefined ? {} : { cursor }),
});

export const DESCRIPTION = option('--description <text>', 'a word for people');
export const RESTORE = option('--restore', 'take it out of the archive again');

/** `delete <id>`, of a project or of a task. */
export const removal = (
  of: 'projects' | 'tasks',
  definition: Pick<CommandDefinition, 'summary' | 'parameters' | 'examples'>,
): CommandDefinition => ({
  ...{ name: 'delete', ...definition },
  run: async (out, options, [id = '']) =>
    await withSession(options, async (session) => {
      const meant = of === 'projects' ? await projectMeant(session, id) : id;
      await session.engine.catalogue[of].delete(meant);
      out.print(`${meant} deleted`);
      out.document({ id: meant, deleted: true });
      return EXIT.done;
    }),
});
