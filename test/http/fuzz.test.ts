import { describeFuzz } from '../support/fuzz-suite.js';

describeFuzz({ seed: 20_261_127, requests: 2_000, examples: { withKey: 1, without: 1 } });
