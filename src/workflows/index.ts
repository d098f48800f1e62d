/** Every workflow of a worker. */
export { tempographAsk } from './ask.js';
export { taskGraph } from './graph.js';
export { tempographLimit } from './limit.js';
export { taskSegment } from './segment.js';
export { taskSubgraph } from './subgraph.js';
