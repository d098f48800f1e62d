import { describeKilledFates } from '../support/fate-suite.js';

describeKilledFates({ count: 500, kills: 5 });
