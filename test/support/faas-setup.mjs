/** Once before all tests of functions: Python's targets; told to the files by the environment. */
import { faasTargets } from '../../scripts/faas-targets.mjs';

export default async function setup() {
  const { python, unavailable } = await faasTargets({ log: (line) => console.error(`\n${line}`) });
  if (python) process.env.TEMPOGRAPH_TEST_FAAS_PYTHON = python;
  else
    console.error(`\nskipped: functions in Python, since they cannot be had here: ${unavailable}`);
}
