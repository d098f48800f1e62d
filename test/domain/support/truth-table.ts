/** The truth table of the trigger rules as docs/graphs.md prints it. */
import {
  evaluateTrigger,
  TRIGGER_RULES,
  type DependencyState,
  type TriggerDecision,
  type TriggerRule,
} from '../../../src/domain/trigger.js';

/** The letters of the table's columns. */
export const LETTERS = {
  S: 'success',
  F: 'failed',
  U: 'upstream_failed',
  K: 'skipped',
} as const satisfies Record<string, DependencyState>;
export type Letter = keyof typeof LETTERS;

const CELLS: Record<TriggerDecision, string> = {
  run: 'run',
  wait: '…',
  skipped: 'K',
  upstream_failed: 'U',
};
const DECISIONS = new Map(
  Object.entries(CELLS).map(([decision, cell]) => [cell, decision as TriggerDecision]),
);

/** Every set of states, small ones first: S, F, U, K, SF … SFUK. */
export const SETS: string[] = Array.from({ length: 16 }, (_, bits) =>
  Object.keys(LETTERS)
    .filter((_letter, place) => (bits >> place) & 1)
    .join(''),
).sort((a, b) => a.length - b.length || order(a) - order(b));

function order(set: string): number {
  return [...set].reduce((sum, letter) => sum * 5 + 'SFUK'.indexOf(letter), 0);
}

/** The rows of a table, head first. @param running some dependencies have not ended */
export function truthTable(running: boolean): string[][] {
  const sets = SETS.filter((set) => running || set !== '');
  const statesOf = (set: string): DependencyState[] => [
    ...[...set].map((letter) => LETTERS[letter as Letter]),
    ...(running ? (['running'] as const) : []),
  ];
  return [
    ['trigger', ...sets.map((set) => set || 'none')],
    ...TRIGGER_RULES.map((rule) => [
      `\`${rule}\``,
      ...sets.map((set) => CELLS[evaluateTrigger(rule, statesOf(set))]),
    ]),
  ];
}

/** The tables with a `trigger` column that a text holds, as rows of cells. */
export function tablesOf(text: string): string[][][] {
  const blocks = text.match(/^\| trigger .*\n(?:\|.*\n)+/gm) ?? [];
  return blocks.map((block) =>
    block
      .trim()
      .split('\n')
      .filter((line) => !/^[|\s:-]+$/.test(line))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      ),
  );
}

/** What a table says of a rule, given which states there are among the dependencies that have ended. */
export function published(table: readonly string[][], rule: TriggerRule, set: string): unknown {
  const column = table[0]?.indexOf(set || 'none') ?? -1;
  const row = table.find(([name]) => name === `\`${rule}\``);
  return DECISIONS.get(row?.[column] ?? '');
}
