/** `tempograph report`: what every operation of an execution came to, as Markdown, one HTML file, or JSON. */
import { resolve } from 'node:path';
import { htmlReport } from '../domain/report-html.js';
import { markdownReport } from '../domain/report-markdown.js';
import type { TaskReport } from '../domain/task-report.js';
import { option, type CommandDefinition, type CommonOptions } from './command.js';
import { EXIT, UsageError } from './exit.js';
import { withSession } from './session.js';
import { writeOut } from './write-file.js';

type Format = 'md' | 'html' | 'json';

interface ReportOptions extends CommonOptions {
  format?: Format;
  output?: string;
  force?: boolean;
}

const TEXT: Record<Format, (report: TaskReport) => string> = {
  md: markdownReport,
  html: htmlReport,
  json: (report) => `${JSON.stringify(report, null, 2)}\n`,
};

export const report: CommandDefinition<ReportOptions> = {
  name: 'report',
  summary: 'Report what every task of an execution came to: status, attempts, times, errors, files',
  description:
    'Of an execution that runs, how far it is. The HTML is one file without scripts, to be sent or kept.',
  parameters: [['<id>', "the execution's id, or <execution>/<node>"]],
  options: [
    option('--format <format>', 'default: by the ending of --output, else md').choices(
      Object.keys(TEXT),
    ),
    option('--output <file>', 'where to write it (default: standard output)'),
    option('--force', 'also over a file that is there'),
  ],
  examples: [
    ['tempograph report nightly-3f2a', 'Markdown, on standard output'],
    ['tempograph report nightly-3f2a --output report.html', 'a page'],
    ['tempograph report nightly-3f2a/fetch --format json', 'of one task'],
  ],
  run: async (out, { format, output, force, ...options }, [id = '']) => {
    const asked = format ?? (out.json && output === undefined ? 'json' : formatOf(output));
    if (out.json && output === undefined && asked !== 'json')
      throw new UsageError(
        `--json writes JSON to standard output, --format ${asked} does not; leave one out, or say --output`,
      );
    return await withSession(options, async ({ engine }) => {
      const found = await engine.report(id);
      const text = TEXT[asked](found);
      if (output === undefined) {
        out.bytes(Buffer.from(text));
        return EXIT.done;
      }
      const path = resolve(output);
      await writeOut(path, text, force ?? false);
      out.print(`${path}  ${found.operations.length} operations`);
      out.document({ ...found, path });
      return EXIT.done;
    });
  },
};

/** By the ending of the file. */
function formatOf(output: string | undefined): Format {
  const ending = /\.([a-z]+)$/i.exec(output ?? '')?.[1]?.toLowerCase();
  if (ending === 'html' || ending === 'htm') return 'html';
  return ending === 'json' ? 'json' : 'md';
}
