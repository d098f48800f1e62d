/** `tempograph templates`: the pipelines that can be run by name. */
import { oneLine, table, wrapped, type Cell } from './columns.js';
import { resolveSettings } from '../config.js';
import type { ParamSpec } from '../domain/spec.js';
import { listTemplates, type TemplateInfo } from '../templates/load-template.js';
import { RemoteEngine } from '../remote/remote-engine.js';
import {
  settingsOf,
  TEMPLATES_DIR_OPTION,
  type CommandDefinition,
  type CommonOptions,
} from './command.js';
import { EXIT } from './exit.js';
import type { Output } from './output.js';
import { SERVER_OPTIONS, serverOf } from './server-option.js';
import { faultLines } from './pipeline-source.js';

export const templates: CommandDefinition<CommonOptions> = {
  name: 'templates',
  summary: 'List the pipelines that can be run by name',
  description:
    'Those of the folder (--templates-dir, TEMPOGRAPH_TEMPLATES_DIR, ./templates), then those of Tempograph.\n' +
    'Needs no server.',
  options: [TEMPLATES_DIR_OPTION, ...SERVER_OPTIONS],
  connects: false,
  examples: [
    ['tempograph templates', 'names, what they do, parameters'],
    ['tempograph templates --json', 'with the JSON Schema of each parameter'],
    ['tempograph run wait-for-url -p url=https://example.com', 'run one'],
  ],
  run: async (out, options) => {
    const server = serverOf(options);
    const { templatesDir } = resolveSettings(settingsOf(options));
    const list = server ? await new RemoteEngine(server).templates() : listTemplates(templatesDir);
    out.document({ ...(server ? {} : { templatesDir }), templates: list });
    list.forEach((template, index) => {
      if (index > 0) out.print();
      show(out, template);
    });
    const faulty = list.filter(({ faults }) => faults !== undefined);
    if (faulty.length > 0)
      out.note(`${faulty.map(({ name }) => name).join(', ')}: cannot be run until mended`);
    return EXIT.done;
  },
};

function show(
  out: Output,
  { name, file, builtIn, description, params, faults }: TemplateInfo,
): void {
  const { bold, dim, red } = out.style;
  out.print(`${bold(name)}${builtIn ? '' : dim(`  ${file}`)}`);
  const width = out.live ? out.width : Infinity;
  for (const line of (description ?? '').trim().split('\n'))
    if (description !== undefined)
      for (const part of wrapped(line, width - 2)) out.print(`  ${part}`);
  for (const line of faults ? faultLines(file, faults) : []) out.print(`  ${red(line)}`);
  const rows = Object.entries(params).map(([param, spec]): Cell[] => {
    const [given, what] = words(param, spec);
    return [{ text: `  -p ${oneLine(given)}` }, { text: oneLine(what) }];
  });
  for (const line of table(rows, width)) out.print(line);
}

/** `day=<string>`, and `the day to report (default: "today")`. */
function words(name: string, spec: ParamSpec): [string, string] {
  const values: unknown = spec['enum'];
  const type = Array.isArray(values)
    ? values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join('|')
    : [spec.type ?? 'any'].flat().join('|');
  const fallback =
    spec.default === undefined ? 'must be given' : `default: ${JSON.stringify(spec.default)}`;
  const what = spec.description === undefined ? '' : `${spec.description} `;
  return [`${name}=<${type}>`, `${what}(${fallback})`];
}
