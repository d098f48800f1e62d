/**
 * Moto, a store that speaks the protocol of Amazon S3, to test against.
 *
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {Promise<{ python: string } | { unavailable: string }>} a Python that runs it by `-m moto.server`
 */
import { virtualEnvironment } from './virtual-environment.mjs';

const VERSION = '5.2.5';

export const s3Server = ({ log } = {}) =>
  virtualEnvironment({
    name: 'moto',
    folder: VERSION,
    packages: [`moto[s3,server]==${VERSION}`],
    check: 'import moto.server, moto.s3.models',
    log,
  });
