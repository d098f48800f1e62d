/** `tempograph convert`: another tool's graph as a pipeline, or a pipeline as a picture, with what is lost on the way. */
import { basename, extname } from 'node:path';
import { Option } from 'commander';
import { convert } from '../convert/convert.js';
import { FORMATS, type Conversion, type Format } from '../convert/conversion.js';
import { guessFormat } from '../convert/detect.js';
import { toDot } from '../convert/dot-write.js';
import { toMermaid } from '../convert/mermaid-write.js';
import { TaskError } from '../domain/errors.js';
import { pipelineToYaml } from '../domain/pipeline.js';
import type { GraphSpec } from '../domain/spec.js';
import { option, type CommandDefinition, type CommonOptions } from './command.js';
import { EXIT, UsageError, type ExitCode } from './exit.js';
import type { Output } from './output.js';
import { readText } from './pipeline-source.js';

const TARGETS = ['yaml', 'json', 'mermaid', 'dot'] as const;
type Target = (typeof TARGETS)[number];

interface ConvertCommandOptions extends CommonOptions {
  from?: Format;
  to?: Target;
  task?: string;
  name?: string;
  entrypoint?: string;
  strict?: true;
}

/** TypeScript refuses a target without a row. */
const WRITERS: Record<Target, (spec: GraphSpec) => string> = {
  yaml: pipelineToYaml,
  json: (spec) => `${JSON.stringify(spec, null, 2)}\n`,
  mermaid: toMermaid,
  dot: toDot,
};

export const convertCommand: CommandDefinition<ConvertCommandOptions> = {
  name: 'convert',
  summary: "Make a pipeline of another tool's file",
  description:
    'Reads GitHub Actions, Argo Workflows, WfFormat, Mermaid and DOT.\n' +
    'What the pipeline does not say is listed, with its place in the file.\n' +
    'Containers and scripts of Argo become programs that run, unless --task is given.\n' +
    'What other steps did is the input of their nodes; --task names the task of all nodes.\n' +
    'A pipeline itself may be given too, to draw it.',
  connects: false,
  parameters: [['<file>', 'the file; - is standard input']],
  options: [
    new Option('--from <format>', 'what the file is (default: what it looks like)').choices(
      FORMATS,
    ),
    new Option('--to <format>', 'what to write (default: yaml)').choices(TARGETS),
    option('--task <name>', 'the task that every node runs (default: noop, and programs of argo)'),
    option('--name <name>', "the pipeline's name where the file has none (default: the file's)"),
    option('--entrypoint <template>', "argo: the template to begin with (default: the file's own)"),
    option('--strict', 'end with 1 where anything is lost'),
  ],
  examples: [
    ['tempograph convert .github/workflows/ci.yml > ci.yaml', 'the losses go to standard error'],
    ['tempograph convert --from argo flow.yaml --json', '{ pipeline, losses }'],
    ['tempograph convert nightly.yaml --to mermaid', 'a picture of a pipeline'],
  ],
  run: async (out, options, [file = '']) => {
    const text = await textOf(file, out);
    const from = options.from ?? guessed(text, file, out);
    const name = options.name ?? (file === '-' ? undefined : basename(file, extname(file)));
    const { task, entrypoint } = options;
    const conversion = converted(text, file, {
      from,
      ...(task === undefined ? {} : { task }),
      ...(name === undefined || name === '' ? {} : { name }),
      ...(entrypoint === undefined ? {} : { entrypoint }),
    });
    return tell(out, conversion, options);
  },
};

/** @throws UsageError for a file that cannot be read */
async function textOf(file: string, out: Output): Promise<string> {
  try {
    return await readText(file, out);
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message}`);
  }
}

function guessed(text: string, file: string, out: Output): Format {
  const format = guessFormat(text, file);
  if (format === undefined)
    throw new UsageError(
      `${place(file)} looks like no format that is known; say which it is with --from ${FORMATS.join('|')}`,
    );
  out.note(`read as ${format}; --from says otherwise`);
  return format;
}

function converted(text: string, file: string, options: Parameters<typeof convert>[1]): Conversion {
  try {
    return convert(text, options);
  } catch (error) {
    if (!(error instanceof TaskError)) throw error;
    throw new TaskError(error.code, `${place(file)}: ${error.message}`, { cause: error });
  }
}

const place = (file: string): string => (file === '-' ? '(standard input)' : file);

function tell(
  out: Output,
  { pipeline, losses }: Conversion,
  options: ConvertCommandOptions,
): ExitCode {
  const { to = 'yaml', strict } = options;
  const text = WRITERS[to](pipeline);
  const drawn = to === 'mermaid' || to === 'dot' ? { [to]: text } : {};
  out.document({ pipeline, losses, ...drawn });
  out.source(text.trimEnd());
  for (const { path, message } of losses) out.note(`${path}: ${message}`);
  if (losses.length > 0) out.note(`${losses.length} ${losses.length === 1 ? 'loss' : 'losses'}`);
  return strict && losses.length > 0 ? EXIT.failed : EXIT.done;
}
