/**
 * What a workflow thread loads once, instead of once for each execution. For `preloadModules` of a bundle.
 *
 * L1. Nothing here keeps anything of an execution: the rules alone, and the libraries that they use. Modules of this
 *     folder hold what their execution has (`work`, `trace`), and are loaded for each.
 * L2. What is preloaded is frozen by the SDK, libraries and all: also for workflows of your own in the same bundle.
 */
import '../domain/append.js';
import '../domain/awaited.js';
import '../domain/budget.js';
import '../domain/burst.js';
import '../domain/cache.js';
import '../domain/circuit.js';
import '../domain/compensation.js';
import '../domain/effects.js';
import '../domain/errors.js';
import '../domain/execution-id.js';
import '../domain/explain.js';
import '../domain/fault.js';
import '../domain/graph-edit.js';
import '../domain/graph-status.js';
import '../domain/handover.js';
import '../domain/index-lists.js';
import '../domain/json.js';
import '../domain/later-start.js';
import '../domain/lender.js';
import '../domain/lent-places.js';
import '../domain/limit-gate.js';
import '../domain/limit-messages.js';
import '../domain/limit.js';
import '../domain/limiter.js';
import '../domain/node-clocks.js';
import '../domain/node-kind.js';
import '../domain/node-times.js';
import '../domain/observation.js';
import '../domain/opening-window.js';
import '../domain/outcome.js';
import '../domain/plan-facts.js';
import '../domain/plan-page.js';
import '../domain/plan.js';
import '../domain/priority.js';
import '../domain/progress.js';
import '../domain/rerun.js';
import '../domain/result-options.js';
import '../domain/ready-queue.js';
import '../domain/retry.js';
import '../domain/scheduler-snapshot.js';
import '../domain/scheduler.js';
import '../domain/shut-circuits.js';
import '../domain/spec.js';
import '../domain/spec-ref.js';
import '../domain/status.js';
import '../domain/stopping-early.js';
import '../domain/told-later.js';
import '../domain/topology.js';
import '../domain/trace-context.js';
import '../domain/trigger.js';
import '../domain/well-formed.js';
