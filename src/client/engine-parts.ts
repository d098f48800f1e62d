/** What an engine is made of: one of each part, told of the others that it needs, and all of them closed together. */
import type { Client } from '@temporalio/client';
import type { ResolvedSettings } from '../config.js';
import type { ErrorListVerbs } from '../domain/error-kinds.js';
import { TaskStateError } from '../domain/errors.js';
import type { Explanation } from '../domain/explain.js';
import { openBlobs } from '../store/open-blobs.js';
import { flushTraces } from '../telemetry/tracing.js';
import { loadTemplate } from '../templates/load-template.js';
import { Asking } from './asking.js';
import { AuditLog } from './audit-log.js';
import { Cache } from './cache.js';
import { Catalogue } from './catalogue.js';
import { Circuits } from './circuits.js';
import { closeClient, knownSearchAttributes } from './connect.js';
import { DeadLetters } from './dead-letters.js';
import { EngineHooks } from './engine-hooks.js';
import { errorListVerbs } from './error-lists.js';
import { EventFeed } from './event-feed.js';
import { explain, type ExplainOptions } from './explain.js';
import type { ExecutionHandle, HandleParts } from './handle.js';
import { Keys } from './keys.js';
import { Limits } from './limits.js';
import { LogFeed } from './log-feed.js';
import { Planning } from './planning.js';
import { References } from './references.js';
import type { RerunOptions, RerunPlan } from './rerun.js';
import { Schedules } from './schedules.js';
import { Starting } from './starting.js';
import { StoreAccess } from './store-access.js';
import { Verbs } from './verbs.js';

/** What an engine is connected to, and by what settings. */
export interface EnginePlace {
  client: Client;
  /** It is closed with the engine. */
  ownsClient: boolean;
  address: string;
  settings: ResolvedSettings;
}

export class EngineParts {
  readonly references: References;
  readonly stores: StoreAccess;
  readonly feed: EventFeed;
  readonly logFeed: LogFeed;
  readonly hooks: EngineHooks;
  readonly asking: Asking;
  readonly starting: Starting;
  readonly planning: Planning;
  readonly verbs: Verbs;
  readonly errorLists: ErrorListVerbs;
  readonly schedules: Schedules;
  readonly catalogue: Catalogue;
  readonly limits: Limits;
  readonly circuits: Circuits;
  readonly cache: Cache;
  readonly deadLetters: DeadLetters;
  readonly keys: Keys;
  readonly audit: AuditLog;
  /** Nothing may be asked of the engine any more. */
  isClosed = false;
  private known: Promise<ReadonlySet<string>> | undefined;

  constructor(readonly place: EnginePlace) {
    const { client, address, settings } = place;
    const { taskQueue, templatesDir } = settings;
    const assertOpen = (): void => this.assertOpen();
    const attributes = (): Promise<ReadonlySet<string>> => this.attributes();
    const blobs = openBlobs(settings);
    const references = (this.references = new References(client, taskQueue, blobs));
    const stores = (this.stores = new StoreAccess(settings, client));
    this.feed = new EventFeed(stores, settings.storeUrl !== null);
    this.hooks = new EngineHooks({ namespace: client.options.namespace, taskQueue });
    this.catalogue = new Catalogue({
      made: () => {
        this.assertOpen();
        return stores.need('the catalogue', 'made');
      },
      there: () => {
        this.assertOpen();
        return stores.ifThere('the catalogue');
      },
    });
    const { feed, hooks, catalogue, handleParts } = this;
    const asking = (this.asking = new Asking({ ...handleParts, address, stores, attributes }));
    this.logFeed = new LogFeed({
      ...{ stores, wanted: settings.storeUrl !== null },
      describe: (id) => asking.describe(id),
    });
    this.verbs = new Verbs(asking);
    this.starting = new Starting({
      ...{ ...handleParts, address, taskQueue, stores, asking, feed, catalogue, hooks, attributes },
    });
    const { starting } = this;
    this.planning = new Planning({ client, address, settings, references, stores, starting });
    this.circuits = new Circuits({ stores, assertOpen });
    this.deadLetters = new DeadLetters({ stores, assertOpen });
    this.keys = new Keys({ stores, assertOpen });
    this.audit = new AuditLog({ stores, assertOpen });
    this.cache = new Cache({ stores, assertOpen });
    this.errorLists = errorListVerbs({ stores, assertOpen });
    this.limits = new Limits({ client, address, assertOpen });
    this.schedules = new Schedules({
      ...{ client, address, taskQueue, attributes, assertOpen },
      named: (name) => loadTemplate(templatesDir, name),
    });
  }

  /** @throws TaskStateError after a shutdown */
  assertOpen(): void {
    if (this.isClosed) throw new TaskStateError('the engine was shut down; connect a new one');
  }

  /** Search attributes that the namespace has. */
  async attributes(): Promise<ReadonlySet<string>> {
    return await (this.known ??= knownSearchAttributes(this.place.client));
  }

  /** What a handle needs of its engine. */
  get handleParts(): Pick<HandleParts, 'client' | 'references' | 'explain' | 'rerun'> {
    return {
      ...{ client: this.place.client, references: this.references },
      explain: (id, options) => this.explain(id, options),
      rerun: (id, options) => this.rerun(id, options) as Promise<ExecutionHandle>,
    };
  }

  async explain(executionId: string, options: ExplainOptions = {}): Promise<Explanation> {
    this.assertOpen();
    const { client, address } = this.place;
    const { references, stores, limits, circuits } = this;
    return await explain(
      { client, address, references, stores, limits, circuits },
      executionId,
      options,
    );
  }

  async rerun(
    executionId: string,
    { dryRun = false, ...options }: RerunOptions & { dryRun?: boolean },
  ): Promise<ExecutionHandle | RerunPlan> {
    this.assertOpen();
    const { reruns } = this.starting;
    return await (dryRun ? reruns.plan(executionId, options) : reruns.start(executionId, options));
  }

  /** Closes the store, and the connection where that is the engine's own. */
  async disconnect(): Promise<void> {
    await this.stores.close();
    if (this.place.ownsClient) await closeClient(this.place.client);
    await flushTraces();
  }
}
