import { describeFuzz } from '../support/fuzz-suite.js';

/** Another run each night; its title has the seed. */
const seed = Math.floor(Date.now() / 1_000) % 1_000_000_000;

describeFuzz({ seed, requests: 20_000, examples: { withKey: 300, without: 20 } });
