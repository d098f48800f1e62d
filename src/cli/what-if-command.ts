/** `tempograph what-if`: how long an execution that has ended would have taken under other terms. */
import type { WhatIf, WhatIfChanges } from '../domain/what-if.js';
import { formatDuration } from '../domain/duration.js';
import { SpecInvalidError } from '../domain/errors.js';
import { LIMIT_MOST } from '../domain/limit.js';
import { PRIORITIES } from '../domain/priority.js';
import { table, type Cell } from './columns.js';
import {
  collect,
  duration,
  option,
  wholeNumber,
  type CommandDefinition,
  type CommonOptions,
} from './command.js';
import { oneOf } from './one-of.js';
import { EXIT, UsageError } from './exit.js';
import type { Output } from './output.js';
import { pairsOf } from './pairs.js';
import { withSession } from './session.js';

interface WhatIfOptions extends CommonOptions {
  concurrency?: number;
  limit?: string[];
  priority?: string[];
  duration?: string[];
}

export const whatIf: CommandDefinition<WhatIfOptions> = {
  name: 'what-if',
  summary: 'How long an ended execution would have taken otherwise',
  description:
    'Its recorded durations and failures go through the scheduler again, once as it was and once with the change.',
  parameters: [['<execution>', 'the id of an execution that has ended']],
  options: [
    option('--concurrency <n>', 'another window', wholeNumber('--concurrency', 1, 1_000)),
    option('--limit <key=max>', 'other places of a limit; may be repeated', collect),
    option('--priority <node=priority>', 'of a node; may be repeated', collect),
    option('--duration <node=time>', 'of a node; may be repeated', collect),
  ],
  examples: [
    ['tempograph what-if nightly-1f2e --concurrency 20', 'with a window of 20'],
    ['tempograph what-if nightly-1f2e --limit api=5 --priority load=HIGH', 'two changes at once'],
  ],
  run: async (out, options, [execution = '']) => {
    const changes = changesOf(options);
    return await withSession(options, async ({ engine }) => {
      const found = await engine.whatIf(execution, changes).catch((error: unknown) => {
        throw error instanceof SpecInvalidError ? new UsageError(error.message) : error;
      });
      out.document({ executionId: execution, ...found });
      print(out, execution, found);
      return EXIT.done;
    });
  },
};

function changesOf(options: WhatIfOptions): WhatIfChanges {
  return {
    ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
    limits: pairsOf('--limit', options.limit, wholeNumber('--limit', 1, LIMIT_MOST)),
    priorities: pairsOf('--priority', options.priority, oneOf('--priority', PRIORITIES)),
    durations: pairsOf('--duration', options.duration, duration('--duration')),
  };
}

function print(out: Output, execution: string, found: WhatIf): void {
  const { recordedMs, simulatedMs, changedMs, savedMs, waits, peakParallelism } = found;
  const { style } = out;
  const percent = simulatedMs === 0 ? 0 : Math.round((Math.abs(savedMs) / simulatedMs) * 100);
  const better = savedMs >= 0;
  const difference =
    savedMs === 0
      ? 'no difference'
      : `${formatDuration(Math.abs(savedMs))} ${better ? 'less' : 'more'} (${better ? '−' : '+'}${percent} %)`;
  out.print(`${style.bold(execution)}: ${style.bold(formatDuration(changedMs))}, ${difference}`);
  const rows = [
    ['  as it was recorded', formatDuration(recordedMs), '', '', ''],
    [
      '  as it was, simulated',
      formatDuration(simulatedMs),
      ...waitsOf(waits.before, peakParallelism.before),
    ],
    [
      '  with the change',
      formatDuration(changedMs),
      ...waitsOf(waits.after, peakParallelism.after),
    ],
  ].map((texts) => texts.map((text): Cell => ({ text })));
  const head = ['', 'TOOK', 'WINDOW', 'LIMIT', 'AT ONCE'].map((text) => ({
    ...{ text, paint: style.dim },
  }));
  for (const line of table([head, ...rows])) out.print(line);
  out.print(`  due to ${found.makespanPath.after.slice(-8).join(' → ')}`);
  for (const note of found.notes) out.note(`note: ${note}`);
}

/** What all nodes together waited for the window and for limits, and how many ran at once. */
const waitsOf = ({ window, limit }: WhatIf['waits']['before'], peak: number): string[] => [
  formatDuration(window),
  formatDuration(limit),
  String(peak),
];
