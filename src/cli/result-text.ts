/** How an execution ended, for people and as JSON. */
import type { ExecutionResult } from '../client.js';
import { undoerText } from '../domain/compensation.js';
import { formatDuration } from '../domain/duration.js';
import { formatError } from '../domain/errors.js';
import { mendedStep, refusedSteps, type NextStep } from '../domain/failure.js';
import type { Fault } from '../domain/fault.js';
import { isObject } from '../domain/json.js';
import { EXIT, type ExitCode } from './exit.js';
import { countsText } from './frame.js';
import { oneLine } from './columns.js';
import { shortened } from './long-text.js';
import type { Output } from './output.js';
import { painter, signOf } from './status-style.js';

/** Lines of an output that are printed; `--json` gives all. */
const OUTPUT_LINES = 60;

/** REJECTED is refused input: nothing of it ran. */
export function exitOf({ status }: ExecutionResult): ExitCode {
  if (status === 'COMPLETED') return EXIT.done;
  return status === 'REJECTED' ? EXIT.refused : EXIT.failed;
}

/** What `run --json` ends with. */
export function resultDocument(result: ExecutionResult): Record<string, unknown> {
  const { executionId, status, ok, output, nodes, ...rest } = result;
  return { executionId, status, ok, output, nodes, ...rest };
}

/**
 * Prints status, error, warnings and output, and what runs once more what failed.
 *
 * @param kind a batch is not run again as a whole
 */
export function printResult(
  out: Output,
  result: ExecutionResult,
  kind: 'graph' | 'task' | 'batch' = 'graph',
): void {
  const { executionId, status, warnings, durationMs, counts, error, output, nodes, compensation } =
    result;
  const paint = painter(status, out.style);
  const words =
    warnings.length > 0 && status === 'COMPLETED'
      ? 'completed with warnings'
      : status.toLowerCase();
  const facts = [formatDuration(durationMs), countsText(counts)].filter((text) => text !== '');
  out.print(
    `${paint(`${signOf(status)} ${words}`)}  ${oneLine(executionId)}  ${facts.join(' · ')}`,
  );
  for (const warning of warnings)
    out.print(`  ${out.style.yellow('warning')} ${shortened(oneLine(warning))}`);
  if (error) printError(out, error);
  for (const one of compensation) printUndone(out, one);
  if (Object.keys(nodes).length > 1 && (status === 'FAILED' || status === 'TIMEOUT')) {
    printSteps(out, [mendedStep(executionId, kind)]);
  }
  if (status === 'REJECTED') printSteps(out, refusedSteps(error, kind));
  if (output !== null && output !== undefined && hasContent(output)) printOutput(out, output);
}

/** What may be done, with the commands. */
export function printSteps(out: Output, steps: readonly NextStep[]): void {
  for (const { say, command } of steps) out.print(out.style.dim(`  ${say}: ${command}`));
}

function printUndone(
  out: Output,
  { nodeId, task, status, error }: ExecutionResult['compensation'][number],
): void {
  const done = status === 'COMPLETED';
  const what = done ? out.style.yellow('undone') : out.style.red('not undone');
  const by = undoerText(task);
  const how = done ? `by ${by}` : `${by} ended ${status}${error ? `: ${error.message}` : ''}`;
  out.print(`  ${what} ${nodeId}, ${shortened(oneLine(how))}`);
}

function printError(out: Output, error: NonNullable<ExecutionResult['error']>): void {
  const { nodeId, otherFailures = 0, attempt } = error;
  const where = nodeId === undefined ? '' : `${nodeId}: `;
  const last = attempt !== undefined && attempt > 1 ? ` (attempt ${attempt} was the last)` : '';
  const others = otherFailures > 0 ? `; ${otherFailures} more failed` : '';
  const text = `${where}${formatError(error)}${last}${others}`;
  out.print(`  ${out.style.red('error')} ${shortened(oneLine(text))}`);
}

function printOutput(out: Output, output: unknown): void {
  const lines = JSON.stringify(output, null, 2).split('\n');
  out.print(out.style.dim('output'));
  for (const line of lines.slice(0, OUTPUT_LINES)) out.print(`  ${shortened(line)}`);
  if (lines.length > OUTPUT_LINES)
    out.print(
      out.style.dim(`  … ${lines.length - OUTPUT_LINES} more lines; --json gives all of it`),
    );
}

/** An object of nothing but nulls says no more than the statuses do. */
const hasContent = (output: unknown): boolean =>
  !isObject(output) || Object.values(output).some((value) => value !== null);

/** The faults of a spec that a worker refused. */
export function faultsOf({ error }: ExecutionResult): Fault[] {
  const details = error?.code === 'SPEC_INVALID' ? error.details : undefined;
  const faults = isObject(details) ? details['faults'] : undefined;
  return Array.isArray(faults) ? (faults as Fault[]) : [];
}
