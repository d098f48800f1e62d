import { describeRules } from '../support/rules-suite.js';

// Two hundred and fifty by night (test/nightly/rules-properties.nightly.ts).
describeRules({ whole: 60, split: 20 });
