import { describeKills } from './support/kill-suite.js';

// A terminated graph, a killed worker, store and server, a terminated batch.
describeKills([4, 7, 14, 16, 30]);
