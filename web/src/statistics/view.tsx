/** Statistics: what ended, how, and how long it took, over time. What is drawn stays until there is something newer. */
import { useMemo } from 'react';
import type { ExecutionStats } from '../../../src/store/stats.js';
import { Loading, ProblemNotice } from '../notice.js';
import { useLast, usePoll } from '../poll.js';
import { T } from '../strings/statistics.js';
import { durationText } from '../time.js';
import { Filter } from './filter.js';
import { Plot, type Line } from './plot.js';
import { askStats, choiceOf, spanOf, type Choice } from './query.js';
import { endedOf, rateOf, rateText, seriesOf, type Series } from './series.js';
import './statistics.css';
import { FiguresTable, Failing, Slowest } from './tables.js';

const EVERY_MS = 10_000;
/** Lines of a ranking. */
const MOST = 10;

interface Answer {
  choice: Choice;
  all: ExecutionStats;
  series: Series;
  failing: ExecutionStats;
  slowest: ExecutionStats;
}

export function StatisticsView({ query }: { query: URLSearchParams }) {
  const choice = useMemo(() => choiceOf(query, Date.now()), [query]);
  const {
    data: newest,
    problem,
    refresh,
  } = usePoll(JSON.stringify(choice), (signal) => answerTo(choice, signal), EVERY_MS);
  const data = useLast(newest);
  return (
    <>
      <div className="title">
        <h1>{T.title}</h1>
        <Filter choice={choice} />
      </div>
      {problem && <ProblemNotice problem={problem} onRetry={refresh} />}
      {!data && !problem && <Loading />}
      {data && (
        <div className="statistics" aria-busy={newest === undefined}>
          <Summary all={data.all} />
          <Plots series={data.series} />
          <p className="soft small">{T.times}</p>
          <FiguresTable series={data.series} />
          <div className="rankings">
            <Failing choice={data.choice} groups={data.failing.groups ?? []} />
            <Slowest choice={data.choice} groups={data.slowest.groups ?? []} />
          </div>
        </div>
      )}
    </>
  );
}

async function answerTo(choice: Choice, signal: AbortSignal): Promise<Answer> {
  const span = spanOf(choice, Date.now());
  const ranking = { by: 'task', limit: MOST } as const;
  const [all, failing, slowest] = await Promise.all([
    askStats(choice, { by: choice.by }, signal),
    askStats(choice, { ...ranking, order: 'failed' }, signal),
    askStats(choice, { ...ranking, order: 'run' }, signal),
  ]);
  return { choice, all, failing, slowest, series: seriesOf(all, choice.by, span) };
}

function Summary({ all }: { all: ExecutionStats }) {
  const { runMs, waitMs } = all;
  const both = ({ p50, p95 }: typeof runMs): string =>
    p50 === null || p95 === null ? '–' : `${durationText(p50)} · ${durationText(p95)}`;
  const facts: [name: string, value: string, note: string][] = [
    [T.ended, String(endedOf(all)), `${all.active} ${T.active.toLowerCase()}`],
    [T.failed, T.nOfM(all.failed, endedOf(all)), `${T.rate} ${rateText(rateOf(all))}`],
    [T.retries, String(all.totalRetries), T.retriedOf(all.retried)],
    [T.runTime, both(runMs), T.halfAndMost(T.p50, T.p95)],
    [T.waits, both(waitMs), T.halfAndMost(T.p50, T.p95)],
  ];
  return (
    <dl className="sums" aria-label={T.summary}>
      {facts.map(([name, value, note]) => (
        <div key={name} className="card">
          <dt>{name}</dt>
          <dd className="sum">{value}</dd>
          <dd className="soft small">{note}</dd>
        </div>
      ))}
    </dl>
  );
}

function Plots({ series }: { series: Series }) {
  const lines = useMemo(() => linesOf(series), [series]);
  return (
    <div className="plots">
      <Plot
        title={T.plots.ended}
        {...{ series, drawn: 'bars', unit: 'count' }}
        lines={lines.ended}
      />
      <Plot
        title={T.plots.rate}
        {...{ series, drawn: 'lines', unit: 'percent' }}
        lines={lines.rate}
      />
      <Plot title={T.plots.run} {...{ series, drawn: 'lines', unit: 'ms' }} lines={lines.run} />
      <Plot title={T.plots.wait} {...{ series, drawn: 'lines', unit: 'ms' }} lines={lines.wait} />
      <Plot
        title={T.plots.retries}
        {...{ series, drawn: 'bars', unit: 'count' }}
        lines={lines.retries}
      />
    </div>
  );
}

function linesOf({ figures }: Series): Record<keyof typeof T.plots, Line[]> {
  const count = (
    name: 'successful' | 'failed' | 'cancelled' | 'skipped',
    colour: Line['colour'],
  ): Line => ({ label: T[name], colour, values: figures.map((one) => one[name]) });
  const times = (name: 'runMs' | 'waitMs'): Line[] => [
    { label: T.p50, colour: '--busy', values: figures.map((one) => one[name].p50) },
    { label: T.p95, colour: '--warn', dashed: true, values: figures.map((one) => one[name].p95) },
  ];
  return {
    ended: [
      ...[count('successful', '--good'), count('failed', '--bad')],
      ...[count('cancelled', '--idle'), count('skipped', '--edge')],
    ],
    rate: [{ label: T.rate, colour: '--good', values: figures.map(rateOf) }],
    run: times('runMs'),
    wait: times('waitMs'),
    retries: [
      { label: T.retries, colour: '--warn', values: figures.map((one) => one.totalRetries) },
    ],
  };
}
