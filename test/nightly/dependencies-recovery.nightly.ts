import { describeDependencies } from '../support/dependencies-suite.js';

describeDependencies(200);
