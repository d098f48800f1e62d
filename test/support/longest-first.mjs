/**
 * The order of test files: those that take minutes come first, so that at the end every core has something to do. jest
 * knows how long a file took only where it has run before, and goes by its size in a fresh clone; the longest are small.
 */
import Sequencer from '@jest/test-sequencer';

/** Below `test/`, from the longest on. */
const LONGEST = [
  'docs',
  'page/looks',
  'programs/conformance',
  'http/fuzz',
  'workflows/rerun-difference',
  'workflows/fuzz',
  'runners/conformance',
  'programs/mixed-fate',
  'activities/artifacts-read',
  'workflows/segments',
  'cli/doctor',
  'cli/dev',
  'client/completion-cancel',
  'workflows/limits-runs',
  'package',
  'workflows/rules-properties',
  'workflows/lending',
  'activities/hostile',
  'client/large-spec',
  'http/watchers',
  'workflows/verb-matrix',
  'dependencies-recovery',
  'recovery',
  'kills',
  'http/restart',
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
