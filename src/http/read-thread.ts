/** What a thread of {@link Reader} runs. */
import { readPipeline, type ReadGraph, type ReadJob } from './read-pipeline.js';

export default (job: ReadJob): ReadGraph => readPipeline(job);
