/** What was measured, kept as lines of JSON (of each subject its last run), and as tables. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { median, percentile, ratio, table } from '../graphs/report.js';

/** Of every repetition, in milliseconds. */
export interface Times {
  /** From the call until the program's first statement. */
  prepareMs: number[];
  /** From its last statement, before it writes its output, until the caller has it. */
  resultMs: number[];
  /** From the call until the caller has the output. */
  wallMs: number[];
}

/** One side of one subject. */
export interface Line extends Times {
  key: string;
  name: string;
  side: string;
  /** Day, and the machine's load at the end. */
  day: string;
  load: number;
}

/** Sides of ours; the others are what they are beside. */
export const OURS = {
  runner: 'runner',
  warm: 'runner, warm',
  simple: 'temporal',
  large: 'temporal, 1 MB',
} as const;
/** Left out at either end of a spread. */
const TAIL = 0.05;
const HEADINGS: Record<keyof Times, string> = {
  prepareMs: 'preparation',
  resultMs: 'result',
  wallMs: 'whole',
};

/** Puts lines in the place of those of the same subject. @returns all lines, as they stand there now */
export function keep(file: string, lines: readonly Line[]): Line[] {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const kept = text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]));
  const keys = new Set(lines.map(({ key }) => key));
  const all = [...kept.filter(({ key }) => !keys.has(key)), ...lines];
  writeFileSync(file, all.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return all;
}

const digits = (ms: number): string => ms.toFixed(ms < 10 ? 1 : 0);
const both = (values: readonly number[]): string =>
  `${digits(median(values))} / ${digits(percentile(values, 0.99))}`;

/** @param keys the subjects, in the order of their rows */
function bySubject(lines: readonly Line[], keys: readonly string[]): Map<string, Line>[] {
  return keys.flatMap((key) => {
    const own = lines.filter((line) => line.key === key);
    return own.length === 0 ? [] : [new Map(own.map((line) => [line.side, line]))];
  });
}

/** Beside document 004's table and our goals. */
export function besideGoals(lines: readonly Line[], keys: readonly string[]): string {
  const head = [
    ...['', 'n', 'environment preparation', 'warm', 'simple task', 'warm'],
    ...['result processing', 'end to end', 'measured'],
  ];
  const goals = [
    [
      'document 004',
      '',
      '1000–2000 / 5000',
      '',
      '100–500 / 2000',
      '',
      '50–200 / 1000',
      '2000–8000 / 20000',
    ],
    ['goal: Node.js, Python', '', '≤ 100 / ≤ 500', '', '', '', '', ''],
    ['goal: container', '', '≤ 500', '', '', '', '', ''],
  ].map((row) => [...row.map((cell) => (cell === '' ? '' : `_${cell}_`)), '']);
  const rows = bySubject(lines, keys).map((sides) => {
    const of = (side: string, what: keyof Times): string => {
      const times = sides.get(side)?.[what];
      return times === undefined ? '' : both(times);
    };
    const line = sides.get(OURS.runner);
    return [
      ...[line?.name ?? '', String(line?.wallMs.length)],
      ...[of(OURS.runner, 'prepareMs'), of(OURS.warm, 'prepareMs')],
      ...[of(OURS.runner, 'wallMs'), of(OURS.warm, 'wallMs')],
      ...[of(OURS.large, 'resultMs'), of(OURS.simple, 'wallMs')],
      `${line?.day}, load ${line?.load.toFixed(1)}`,
    ];
  });
  return table(head, [...goals, ...rows]);
}

/** The runner beside what somebody would write without it. */
export function besideRaw(lines: readonly Line[], keys: readonly string[]): string {
  const measures = ['prepareMs', 'wallMs'] as const;
  const head = ['', 'beside', ...measures.flatMap((what) => [`${HEADINGS[what]} ms`, 'ratio'])];
  const rows = bySubject(lines, keys).flatMap((sides) => {
    const ours = sides.get(OURS.runner);
    const own: readonly string[] = Object.values(OURS);
    return [...sides.values()].flatMap((raw) => {
      if (!ours || own.includes(raw.side)) return [];
      const cells = measures.flatMap((what) => [
        `${both(ours[what])} — ${both(raw[what])}`,
        ratio(
          ours[what].map((ms, nth) => ms / (raw[what][nth] ?? Number.NaN)),
          TAIL,
        ),
      ]);
      return [[raw.name, raw.side, ...cells]];
    });
  });
  return table(head, rows);
}

const VERSIONS: readonly (readonly [string, readonly string[]])[] = [
  ['Linux', ['uname', '-r']],
  ['bubblewrap', ['bwrap', '--version']],
  ['Python', ['/usr/bin/python3', '--version']],
  ['Java', ['java', '--version']],
  ['Deno', ['npx', 'deno', '--version']],
  ['dockerd', ['dockerd', '--version']],
  ['docker', ['docker', '--version']],
];

/** What there is on this machine, with its version. */
export function versions(): string {
  return VERSIONS.flatMap(([name, [command = '', ...args]]) => {
    try {
      const said = execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' });
      return [`${name} ${/\d+(\.\d+)+/.exec(said)?.[0] ?? '?'}`];
    } catch {
      return [];
    }
  }).join(', ');
}
