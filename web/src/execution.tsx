/** One execution: how it stands, its graph or its course in time, and one of its nodes. */
import { lazy, Suspense, useMemo } from 'react';
import type { ExecutionRecord } from '../../src/client/record.js';
import type { Status } from '../../src/domain/status.js';
import { ActionButtons } from './action-buttons.js';
import { executionActions, rerunLink, runsAgain } from './actions.js';
import { api, type DrawnSpec, type Meta } from './api.js';
import { Artifacts } from './artifacts.js';
import { Gantt } from './gantt.js';
import { LogPanel } from './logs.js';
import { Loading, ProblemNotice } from './notice.js';
import { NodeDrawer } from './node-drawer.js';
import { useLast, useNow, usePoll } from './poll.js';
import { go, linkTo } from './route.js';
import { Badge, CountsBar, isTerminal } from './status.js';
import { S } from './strings/page.js';
import { durationText, Moment, spanMs } from './time.js';
import { executionAt, openText, parentOf, parseOpen } from './unfold/open.js';
import { useChosen, useUnfolding, viewAt } from './unfold/unfolding.js';
import { useWatch, type Watched } from './watch.js';

const GraphView = lazy(async () => ({ default: (await import('./graph-view.js')).GraphView }));

const TABS = ['graph', 'gantt', 'logs', 'artifacts'] as const;
const NO_SPEC: DrawnSpec = {};

interface Props {
  executionId: string;
  query: URLSearchParams;
  meta: Meta | undefined;
}

export function ExecutionView({ executionId, query, meta }: Props) {
  const watched = useWatch(executionId);
  const { update, nodes, connected } = watched;
  const status = update?.status;
  const ended = status !== undefined && isTerminal(status);
  const record = usePoll(
    `${executionId} ${status}`,
    (signal) => api.execution(executionId, signal),
    null,
  );
  // The spec changes with an edit alone; what has none of its own is drawn from its nodes.
  const spec = usePoll(
    `${executionId} ${update?.graphVersion}`,
    async (signal) =>
      (await api.graph(executionId, signal).catch(() => undefined))?.graph ?? NO_SPEC,
    null,
  );
  // While a newer one is on its way, the graph stays where it is.
  const drawn = useLast(spec.data);
  const open = useMemo(() => parseOpen(query.get('open')), [query]);
  const unfolding = useUnfolding(executionId, nodes, open);
  const tab = TABS.find((name) => name === query.get('tab')) ?? 'graph';
  const selected = query.get('node');
  const show = (change: Partial<Record<'tab' | 'node' | 'open' | 'fold', string | null>>) =>
    go(
      linkTo(['executions', executionId], {
        tab: tab === 'graph' ? null : tab,
        fold: query.get('fold'),
        open: query.get('open'),
        node: selected,
        ...change,
      }),
      'replace',
    );
  const told = selected === null ? undefined : viewAt(selected, nodes, unfolding.belows);
  const view = useChosen(executionId, selected, told);
  const problem = watched.problem ?? (status ? undefined : record.problem);
  return (
    <>
      <Head {...{ executionId, watched, meta }} record={record.data} />
      {problem && !connected && (!status || !isTerminal(status)) && (
        <ProblemNotice problem={problem} />
      )}
      <div className="tabs" role="group" aria-label={S.views}>
        {TABS.map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={tab === name}
            onClick={() => show({ tab: name === 'graph' ? '' : name })}
          >
            {S[name]}
          </button>
        ))}
      </div>
      <div className="stage">
        {tab === 'gantt' && <Gantt {...{ nodes, selected }} onSelect={(node) => show({ node })} />}
        {tab === 'logs' && <LogPanel {...{ executionId }} label={S.logs} ended={ended} />}
        {tab === 'artifacts' && <Artifacts {...{ executionId }} version={String(status)} />}
        {tab === 'graph' && (
          <Suspense fallback={<Loading />}>
            {update && drawn ? (
              <GraphView
                {...{ nodes, selected, unfolding }}
                name={executionId}
                spec={drawn}
                fold={query.get('fold')}
                onSelect={(node) => show({ node })}
                onFold={(now) => show({ fold: now })}
                onUnfold={(now) => show({ open: openText(now) })}
              />
            ) : (
              !problem && <Loading />
            )}
          </Suspense>
        )}
        {view && selected !== null && (
          <NodeDrawer
            key={selected}
            executionId={executionAt(executionId, parentOf(selected))}
            name={selected}
            view={view}
            again={runsAgain(
              record.data && { ...record.data, status: status ?? record.data.status },
            )}
            onClose={() => show({ node: null })}
          />
        )}
      </div>
    </>
  );
}

interface HeadProps {
  executionId: string;
  watched: Watched;
  record: ExecutionRecord | undefined;
  meta: Meta | undefined;
}

function Head({ executionId, watched: { update, connected }, record, meta }: HeadProps) {
  const status = update?.status ?? record?.status;
  const ended = status !== undefined && isTerminal(status);
  const now = useNow(status !== undefined && !ended);
  const startedAt = record?.startedAt ?? update?.startedAt;
  const ms = (ended ? record?.durationMs : null) ?? spanMs(startedAt, record?.endedAt, now);
  return (
    <div className="head">
      <p className="crumb">
        <a href={linkTo(['executions'])}>← {S.back}</a>
      </p>
      <div className="title">
        <h1>{record?.taskId ?? executionId}</h1>
        {status && <Badge status={status} warnings={record?.warnings.length ?? 0} />}
        {status && !ended && (
          <span className="soft live" role="status">
            {connected ? S.live : S.reconnecting}
          </span>
        )}
        {status && <Actions {...{ executionId, status, record }} />}
      </div>
      <p className="facts soft">
        <span className="code">{executionId}</span>
        {record?.project && <span>{record.project}</span>}
        {startedAt && (
          <span>
            {S.started} <Moment at={startedAt} />
          </span>
        )}
        {ms !== null && <span>{durationText(ms)}</span>}
        {record?.rerunOf && (
          <a href={linkTo(['executions', record.rerunOf])}>
            {S.rerunOf} {record.rerunOf}
          </a>
        )}
        <WebUi {...{ meta, record }} />
      </p>
      <p className="facts progress">
        {update && (
          <>
            <CountsBar counts={update.counts} total={update.total} />
            <span className="soft">{endedText(update)}</span>
          </>
        )}
      </p>
      {record?.error && <Failure {...{ record, error: record.error }} />}
    </div>
  );
}

/** The error, with the way to the node that failed first. */
function Failure({
  record: { executionId, kind },
  error: { code, message, nodeId, otherFailures = 0 },
}: {
  record: ExecutionRecord;
  error: NonNullable<ExecutionRecord['error']>;
}) {
  const node = kind === 'task' ? undefined : nodeId;
  return (
    <p className="note">
      {node !== undefined && (
        <>
          <a href={linkTo(['executions', executionId], { node })}>{node}</a>:{' '}
        </>
      )}
      <strong className="code">{code}</strong> {message}
      {otherFailures > 0 && ` (${S.andMore(otherFailures)})`}
    </p>
  );
}

function endedText({ counts, total }: NonNullable<Watched['update']>): string {
  const open = Object.entries(counts).reduce(
    (sum, [status, count]) => (isTerminal(status as Status) ? sum : sum + count),
    0,
  );
  return `${total - open} ${S.of} ${total} ${S.nodesEnded}`;
}

function WebUi({ meta, record }: Pick<HeadProps, 'meta' | 'record'>) {
  if (!meta?.webUi || !record || !/^https?:\/\//.test(meta.webUi)) return null;
  const path = [meta.namespace, 'workflows', record.workflowId].map(encodeURIComponent).join('/');
  return (
    <a
      href={`${meta.webUi.replace(/\/$/, '')}/namespaces/${path}`}
      target="_blank"
      rel="noopener noreferrer"
    >
      {S.webUi} ↗
    </a>
  );
}

function Actions({
  executionId,
  status,
  record,
}: {
  executionId: string;
  status: Status;
  record: ExecutionRecord | undefined;
}) {
  // Its record says what it is, and may be a moment behind of how it stands.
  const again = isTerminal(status) && record ? runsAgain({ ...record, status }) : undefined;
  return (
    <ActionButtons questions={executionActions(executionId, status)}>
      {again === 'rerun' && (
        <a className="button" href={rerunLink(executionId)}>
          {S.runAgain}
        </a>
      )}
    </ActionButtons>
  );
}
