/**
 * The order of test files: those that take minutes come first, so that at the end every core has something to do. jest
 * knows how long a file took only where it has run before, and goes by its size in a fresh clone; the longest are small.
 */
import Sequencer from '@jest/test-sequencer';

/** Below `test/`, from the longest on. */
const LONGEST = [
  'docs',
  'programs/conformance',
  'page/looks',
  'http/fuzz',
  'cli/temporal-away',
  'runners/conformance',
  'client/completion-cancel',
  'workflows/operator-races',
  'cli/executions',
  'recovery',
  'store/blobs',
  'activities/hostile',
  'workflows/segments',
  'workflows/verb-matrix',
  'programs/mixed-fate',
  'package',
  'workflows/on-cancel',
  'cli/dev',
  'workflows/rerun-difference',
  'cli/doctor',
  'cli/run',
  'workflows/lending',
  'activities/circuit',
  'workflows/light',
  'dependencies-recovery',
  'activities/logs',
  'page/graph',
  'page/page',
  'http/watchers',
  'kills',
  'client/large-spec',
  'cli/dead-worker',
  'workflows/limits-runs',
];

const placeOf = ({ path }) => {
  const place = LONGEST.findIndex((name) => path.endsWith(`/test/${name}.test.ts`));
  return place < 0 ? LONGEST.length : place;
};

export default class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((one, other) => placeOf(one) - placeOf(other));
  }
}
