/** Runs an execution again by the difference: what runs, what may run and what is kept is told before it starts. */
import { useId, useMemo, useState } from 'react';
import type { RerunForecast, RerunPlan } from '../../src/client/rerun.js';
import { api, type GraphOf } from './api.js';
import { Confirm, parseJson } from './dialog.js';
import { graphOf, textOf, type Format } from './graph-text.js';
import { Loading, ProblemNotice } from './notice.js';
import { useLast, usePoll, useSettled } from './poll.js';
import { Refused } from './refused.js';
import { go, linkTo } from './route.js';
import { Sign, toneOf } from './status.js';
import { S } from './strings/page.js';

/** After the last letter is typed. */
const TYPING_MS = 400;

export function RerunView({ executionId, from }: { executionId: string; from: string }) {
  const { data, problem } = usePoll(executionId, (signal) => api.graph(executionId, signal), null);
  return (
    <>
      <p className="crumb">
        <a href={linkTo(['executions', executionId])}>← {executionId}</a>
      </p>
      <div className="title">
        <h1>{S.runAgain}</h1>
      </div>
      {problem && <ProblemNotice problem={problem} />}
      {!data && !problem && <Loading />}
      {data && <Editor {...{ executionId, from }} before={data} />}
    </>
  );
}

type From = 'changed' | 'failed' | 'nodes';

function Editor({
  executionId,
  from,
  before,
}: {
  executionId: string;
  from: string;
  before: GraphOf;
}) {
  const [what, setWhat] = useState<From>(from ? 'nodes' : 'changed');
  const [nodes, setNodes] = useState(from);
  const [all, setAll] = useState(false);
  const [format, setFormat] = useState<Format>('yaml');
  const original = useMemo(() => textOf(before.graph, format), [before, format]);
  const [graph, setGraph] = useState(original);
  const [params, setParams] = useState(() => textOf(before.params, 'json'));
  const [asks, setAsks] = useState(false);
  const request = requestOf({ what, nodes, all, graph, original, params, before });
  const settled = useSettled(JSON.stringify(request), TYPING_MS);
  const plan = usePoll(
    `${executionId} ${settled}`,
    async (signal) => {
      const asked = JSON.parse(settled) as ReturnType<typeof requestOf>;
      return typeof asked === 'string'
        ? undefined
        : await api.rerunPlan(executionId, asked, signal);
    },
    null,
  );
  const shown = useLast(plan.data);
  const wrong = typeof request === 'string' ? request : undefined;
  const current = settled === JSON.stringify(request) && plan.data !== undefined;
  const switchTo = (next: Format) => {
    const read = graphOf(graph);
    if ('graph' in read) {
      setGraph(graph === original ? textOf(before.graph, next) : textOf(read.graph, next));
      setFormat(next);
    }
  };
  return (
    <div className="beside">
      <form
        className="card"
        onSubmit={(event) => {
          event.preventDefault();
          if (current) setAsks(true);
        }}
      >
        <Which {...{ what, setWhat, nodes, setNodes, all, setAll }} />
        <div className="field">
          <div className="label-line">
            <label htmlFor="rerun-graph">{S.graph}</label>
            <div className="tabs small" role="group" aria-label={S.format}>
              {(['yaml', 'json'] as const).map((one) => (
                <button
                  key={one}
                  type="button"
                  aria-pressed={format === one}
                  onClick={() => switchTo(one)}
                >
                  {one.toUpperCase()}
                </button>
              ))}
            </div>
          </div>
          <textarea
            id="rerun-graph"
            rows={18}
            spellCheck={false}
            value={graph}
            onChange={(event) => setGraph(event.target.value)}
          />
        </div>
        <div className="field">
          <label htmlFor="rerun-params">{S.paramsJson}</label>
          <textarea
            id="rerun-params"
            rows={4}
            spellCheck={false}
            value={params}
            onChange={(event) => setParams(event.target.value)}
          />
        </div>
        <div className="buttons">
          <button type="submit" className="primary" disabled={!current}>
            {S.runAgain}
          </button>
        </div>
      </form>
      <section className="card" aria-label={S.preview} aria-busy={!current && !wrong}>
        <h2>{S.preview}</h2>
        {wrong && <Refused problem={wrong} />}
        {!wrong && plan.problem && <Refused problem={plan.problem} />}
        {!wrong && !plan.problem && !shown && <Loading />}
        {!wrong && !plan.problem && shown && <Plan plan={shown} />}
      </section>
      {asks && typeof request !== 'string' && (
        <Confirm
          question={{
            title: `${S.runAgain} ${executionId}`,
            ...{ text: S.willRun(shown?.run.length ?? 0, shown?.mayRun.length ?? 0) },
            verb: S.runAgain,
            fields: [{ name: 'reason', label: S.reason, kind: 'line' }],
            run: async (values) => {
              const started = await api.rerun(executionId, { ...request, ...values });
              go(linkTo(['executions', started.executionId]));
            },
          }}
          onClose={() => setAsks(false)}
        />
      )}
    </div>
  );
}

interface WhichProps {
  what: From;
  setWhat: (what: From) => void;
  nodes: string;
  setNodes: (nodes: string) => void;
  all: boolean;
  setAll: (all: boolean) => void;
}

function Which({ what, setWhat, nodes, setNodes, all, setAll }: WhichProps) {
  const id = useId();
  return (
    <>
      <fieldset className="ways column">
        <legend>{S.whatRuns}</legend>
        {(['changed', 'failed', 'nodes'] as const).map((one) => (
          <label key={one}>
            <input type="radio" name="from" checked={what === one} onChange={() => setWhat(one)} />
            {S.from[one]}
          </label>
        ))}
      </fieldset>
      {what === 'nodes' && (
        <div className="field">
          <label htmlFor={id}>{S.nodeIds}</label>
          <input
            id={id}
            value={nodes}
            autoComplete="off"
            onChange={(event) => setNodes(event.target.value)}
          />
        </div>
      )}
      <label className="check">
        <input type="checkbox" checked={all} onChange={(event) => setAll(event.target.checked)} />
        {S.descendants}
      </label>
    </>
  );
}

interface Said {
  what: From;
  nodes: string;
  all: boolean;
  graph: string;
  original: string;
  params: string;
  before: GraphOf;
}

/** What is asked: only what differs from what was; or what is wrong with it. */
function requestOf(said: Said): Record<string, unknown> | string {
  const request: Record<string, unknown> = {};
  const ids = said.nodes.split(',').map((id) => id.trim());
  if (said.what === 'failed') request['from'] = 'failed';
  if (said.what === 'nodes') {
    request['from'] = ids.filter(Boolean);
    if (ids.every((id) => id === '')) return S.namesNode;
  }
  if (said.all) request['scope'] = 'descendants';
  if (said.graph !== said.original) {
    const read = graphOf(said.graph);
    if ('wrong' in read) return `${S.graph}: ${read.wrong}`;
    request['graph'] = read.graph;
  }
  const params = parseJson(said.params.trim() || '{}');
  if ('wrong' in params) return `${S.paramsJson}: ${S.notJson(params.wrong)}`;
  if (JSON.stringify(params.value) !== JSON.stringify(said.before.params))
    request['params'] = params.value;
  return request;
}

function Plan({ plan }: { plan: RerunPlan }) {
  const { run, mayRun, keep, removed } = plan;
  return (
    <>
      <Part name="run" of={run} />
      <Part name="mayRun" of={mayRun} />
      <Part name="keep" of={keep} />
      {removed.length > 0 && (
        <section data-part="removed">
          <h3>{`${S.rerunParts.removed} (${removed.length})`}</h3>
          <p className="code">{removed.join(', ')}</p>
        </section>
      )}
    </>
  );
}

/** Of a long part the beginning is listed. */
const LISTED = 200;

function Part({ name, of }: { name: 'run' | 'mayRun' | 'keep'; of: readonly RerunForecast[] }) {
  return (
    <section data-part={name}>
      <h3>{`${S.rerunParts[name]} (${of.length})`}</h3>
      <ul className="forecast">
        {of.slice(0, LISTED).map(({ nodeId, text, before }) => (
          <li key={nodeId}>
            {before && (
              <span className={toneOf(before)}>
                <Sign status={before} />
              </span>
            )}{' '}
            <strong>{nodeId}</strong> <span className="soft">{text}</span>
          </li>
        ))}
      </ul>
      {of.length > LISTED && <p className="soft">{S.andMore(of.length - LISTED)}</p>}
    </section>
  );
}
