/** What a run would be like, before it: the graph, what it takes, how it is split, and what could not be known. */
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react';
import type { GraphForecast } from '../../../src/domain/forecast.js';
import type { NodeForecast } from '../../../src/domain/node-forecast.js';
import type { NodeView } from '../../../src/workflows/messages.js';
import type { DrawnNode, DrawnSpec } from '../api.js';
import { Loading } from '../notice.js';
import { S } from '../strings/page.js';
import { P } from '../strings/submit.js';
import { durationText } from '../time.js';
import type { Unfolding } from '../unfold/unfolding.js';
import { figuresOf, lastsOf } from './plan-figures.js';

const GraphView = lazy(async () => ({ default: (await import('../graph-view.js')).GraphView }));

const NO_VIEWS: ReadonlyMap<string, NodeView> = new Map();
const NOTHING_UNFOLDED: Unfolding = { open: new Map(), belows: new Map(), specs: new Map() };

interface Props {
  plan: GraphForecast;
  /** What was planned is not what stands in the form now. */
  outdated: boolean;
}

export function PlanView({ plan, outdated }: Props) {
  const [selected, setSelected] = useState<string | null>(null);
  const [fold, setFold] = useState<string | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const nodes = useMemo(() => new Map(Object.entries(plan.nodes)), [plan]);
  const spec = useMemo(() => drawnOf(plan, nodes), [plan, nodes]);
  const drawn = useMemo(
    () => ({
      words: new Map([...nodes].map(([id, node]) => [id, lastsOf(node)])),
      chain: new Set(plan.criticalPath),
    }),
    [plan, nodes],
  );
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    heading.current?.scrollIntoView();
  }, [plan]);
  const node = selected === null ? undefined : nodes.get(selected);
  return (
    <section className="plan" aria-label={P.planOf(plan.name)}>
      <h2 tabIndex={-1} ref={heading}>
        {P.planOf(plan.name)}
      </h2>
      <p className={outdated ? 'warn' : 'soft'} role="status">
        {outdated ? P.outdated : P.nothingStarted}
      </p>
      <Warnings plan={plan} />
      <dl className="times">
        {figuresOf(plan).map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <div className="stage">
        <Suspense fallback={<Loading />}>
          <GraphView
            name={plan.name}
            {...{ spec, selected }}
            nodes={NO_VIEWS}
            unfolding={NOTHING_UNFOLDED}
            onUnfold={() => undefined}
            plan={drawn}
            {...{ fold }}
            onFold={setFold}
            onSelect={(id) => setSelected(id === selected ? null : id)}
          />
        </Suspense>
      </div>
      {selected !== null && node && <NodePlan id={selected} node={node} />}
      <Table plan={plan} nodes={nodes} />
    </section>
  );
}

function Warnings({ plan: { notes, tasksChecked, deadline } }: Pick<Props, 'plan'>) {
  const warnings = [
    ...(deadline && !deadline.met ? [P.deadlineMissed] : []),
    ...(tasksChecked ? [] : [P.notChecked]),
    ...notes,
  ];
  if (warnings.length === 0) return null;
  return (
    <div className="note warning">
      <strong>{S.warnings}</strong>
      <ul>
        {warnings.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </div>
  );
}

/** One node's options that are not the library's. */
function NodePlan({ id, node }: { id: string; node: NodeForecast }) {
  const said = Object.entries(node.options).filter(([, { from }]) => from !== 'library');
  return (
    <section className="card" aria-label={id}>
      <h3>{id}</h3>
      <dl className="times">
        {cellsOf(node).map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      {said.length > 0 && (
        <>
          <h3>{P.options}</h3>
          <ul className="forecast">
            {said.map(([name, { value, from }]) => (
              <li key={name}>
                <span className="code">{`${name}: ${optionText(name, value)}`}</span>{' '}
                <span className="soft">{from}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

/** Of times as people write them. */
const optionText = (name: string, value: unknown): string =>
  typeof value === 'number' && /(timeout|delay|duration)$/i.test(name)
    ? durationText(value)
    : JSON.stringify(value);

function cellsOf(node: NodeForecast): [name: string, text: string][] {
  const { task, startMs, slackMs, durationFrom } = node;
  return [
    [P.runs, shortTask(task)],
    [P.begins, startMs === null ? P.skipped : durationText(startMs)],
    [P.takes, lastsOf(node)],
    [P.slack, slackMs === null ? '' : slackMs === 0 ? P.critical : durationText(slackMs)],
    [P.source, P.sources[durationFrom]],
  ];
}

/** Of a long plan the beginning is listed. */
const LISTED = 200;

function Table({ plan, nodes }: { plan: GraphForecast; nodes: ReadonlyMap<string, NodeForecast> }) {
  const { order } = plan;
  return (
    <details className="plan-table">
      <summary>{P.table}</summary>
      <div className="scroll" tabIndex={0} role="region" aria-label={P.table}>
        <table>
          <thead>
            <tr>
              {[P.node, P.runs, P.begins, P.takes, P.slack, P.source].map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {order.slice(0, LISTED).map((id) => {
              const node = nodes.get(id);
              return (
                <tr key={id}>
                  <th scope="row">{id}</th>
                  {node && cellsOf(node).map(([name, text]) => <td key={name}>{text}</td>)}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {order.length > LISTED && <p className="soft">{S.andMore(order.length - LISTED)}</p>}
    </details>
  );
}

const shortTask = (task: string): string => task.replace(/^tempograph\./, '');

/** The forecast knows what depends on what: no other spec is needed to draw it. */
function drawnOf(
  { name, order }: GraphForecast,
  nodes: ReadonlyMap<string, NodeForecast>,
): DrawnSpec {
  const tasks = order.map((id): DrawnNode => {
    const { task = '', kind, dependsOn = [] } = nodes.get(id) ?? {};
    return {
      ...{ id, dependsOn, task: shortTask(task) },
      ...(kind === 'map' ? { map: true } : {}),
    };
  });
  return { name, tasks };
}
