import { describeDependencies } from './support/dependencies-suite.js';

// Two hundred by night (test/nightly/dependencies-recovery.nightly.ts).
describeDependencies(60);
