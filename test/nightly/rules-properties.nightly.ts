import { describeRules } from '../support/rules-suite.js';

describeRules({ whole: 200, split: 50 });
