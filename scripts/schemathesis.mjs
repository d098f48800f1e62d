/**
 * Schemathesis, the fuzzer of OpenAPI documents that tests of the HTTP API use.
 *
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {Promise<{ python: string } | { unavailable: string }>} a Python that runs it by `-m schemathesis.cli`
 */
import { virtualEnvironment } from './virtual-environment.mjs';

const VERSION = '4.32.5';

export const schemathesis = ({ log } = {}) =>
  virtualEnvironment({
    name: 'schemathesis',
    folder: VERSION,
    packages: [`schemathesis==${VERSION}`],
    check: 'import schemathesis.cli',
    log,
  });
