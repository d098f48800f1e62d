/** The frame of the page: navigation, sign-in, and the view that the address names. */
import { lazy, Suspense, useEffect, useRef } from 'react';
import { api, type Meta } from './api.js';
import { ApprovalsView } from './approvals.js';
import { CatalogueView } from './catalogue/view.js';
import { ExecutionView } from './execution.js';
import { ExecutionsView } from './executions.js';
import { Empty, Loading } from './notice.js';
import { usePoll } from './poll.js';
import { RerunView } from './rerun.js';
import { linkTo, useRoute, type Route } from './route.js';
import { ownZone } from './schedules/said.js';
import { SchedulesView } from './schedules/view.js';
import { signOut, useRefused, useToken } from './session.js';
import { SignIn } from './sign-in.js';
import { S } from './strings/page.js';
import { SystemView } from './system/view.js';

/** With what draws its plots: read when it is looked at. */
const StatisticsView = lazy(async () => ({
  default: (await import('./statistics/view.js')).StatisticsView,
}));

// What checks patterns is large, and of use there alone.
const SubmitView = lazy(async () => ({ default: (await import('./submit.js')).SubmitView }));

const APPROVALS_EVERY_MS = 5_000;

const PLACES = [
  ['executions', S.executions],
  ['approvals', S.approvals],
  ['schedules', S.schedules],
  ['catalogue', S.catalogue],
  ['submit', S.submit],
  ['statistics', S.statistics],
  ['system', S.system],
] as const;

export function App() {
  const refused = useRefused();
  const key = useToken();
  if (refused) return <SignIn again={key !== null} />;
  return <Signed key={key} signedIn={key !== null} />;
}

function Signed({ signedIn }: { signedIn: boolean }) {
  const route = useRoute();
  const { data: meta } = usePoll('meta', api.meta, null);
  const place = route.path[0] ?? 'executions';
  const main = useRef<HTMLElement>(null);
  const title = route.path[1] ?? PLACES.find(([name]) => name === place)?.[1];
  useEffect(() => {
    document.title = title ? `${title} · ${S.name}` : S.name;
  }, [title]);
  return (
    <>
      <a
        className="skip"
        href="#content"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {S.skip}
      </a>
      <header className="top">
        <a className="brand" href={linkTo([])}>
          {S.name}
        </a>
        <nav aria-label={S.navigation}>
          {PLACES.map(([name, words]) => (
            <a
              key={name}
              href={linkTo([name])}
              aria-current={place === name ? (route.path[1] ? 'true' : 'page') : undefined}
            >
              {words}
              {name === 'approvals' && <Waiting />}
            </a>
          ))}
        </nav>
        <span className="soft where">
          {meta && `${S.namespace} ${meta.namespace} · ${meta.version} · ${S.timesIn(ownZone())}`}
          {signedIn && (
            <button type="button" className="plain" onClick={signOut}>
              {S.signOut}
            </button>
          )}
        </span>
      </header>
      <main id="content" tabIndex={-1} ref={main}>
        <View route={route} meta={meta} />
      </main>
    </>
  );
}

/** How many questions wait for an answer. */
function Waiting() {
  const { data } = usePoll('approvals', api.approvals, APPROVALS_EVERY_MS);
  if (!data?.length) return null;
  return <span className="number-badge">{data.length}</span>;
}

function View({ route, meta }: { route: Route; meta: Meta | undefined }) {
  const [place = 'executions', id] = route.path;
  switch (place) {
    case 'executions':
      return id === undefined ? (
        <ExecutionsView query={route.query} />
      ) : route.path[2] === 'rerun' ? (
        <RerunView key={id} executionId={id} from={route.query.get('from') ?? ''} />
      ) : (
        <ExecutionView key={id} executionId={id} query={route.query} meta={meta} />
      );
    case 'approvals':
      return <ApprovalsView />;
    case 'schedules':
      return <SchedulesView id={id} query={route.query} />;
    case 'catalogue':
      return <CatalogueView query={route.query} />;
    case 'submit':
      return (
        <Suspense fallback={<Loading />}>
          <SubmitView />
        </Suspense>
      );
    case 'statistics':
      return (
        <Suspense fallback={<Loading />}>
          <StatisticsView query={route.query} />
        </Suspense>
      );
    case 'system':
      return <SystemView />;
    default:
      return <Empty text={S.notFound} />;
  }
}
