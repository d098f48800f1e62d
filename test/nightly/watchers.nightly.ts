import { describeWatchers } from '../support/watcher-suite.js';

describeWatchers(500);
