/**
 * Functions to test against that are not Node's: Python's functions framework and the runtime of AWS Lambda.
 *
 * `node scripts/faas-targets.mjs` gets them and prints the path of their Python.
 */
import { pathToFileURL } from 'node:url';
import { virtualEnvironment } from './virtual-environment.mjs';

/** @param {{ log?: (line: string) => void }} [options] */
export const faasTargets = ({ log } = {}) =>
  virtualEnvironment({
    name: 'faas-targets',
    folder: 'functions-framework-3.10.2-awslambdaric-4.2.2',
    packages: ['functions-framework==3.10.2', 'awslambdaric==4.2.2'],
    check: 'import functions_framework, awslambdaric.bootstrap, runtime_client',
    log,
  });

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const got = await faasTargets({ log: console.error });
  console.log(got.python ?? `not here: ${got.unavailable}`);
  process.exit(got.python ? 0 : 1);
}
