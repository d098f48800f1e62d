/** The operations of 003-operations.ts. Processes load this module. */
import { defineTask, NonRetriableError } from 'tempograph';

interface Common {
  dataSource: string;
  column?: string;
}

class ResourceTemporarilyUnavailableError extends Error {
  /** Asked after the lists. */
  retriable = true;
}

/** In a process of its own, as the document's process pool does. */
export const mask = defineTask<Common>({
  name: 'mask',
  isolation: 'process',
  module: import.meta.url,
  run: ({ dataSource, column }, { metric, progress }) => {
    if (column === 'secret') throw new NonRetriableError('the column "secret" may not be read');
    progress(0.5);
    metric('rows', 12);
    return `${dataSource}/${column} masked`;
  },
});

/** Fails its first attempts. */
export const load = defineTask<Common & { failures: number }>({
  name: 'load',
  run: ({ dataSource, failures }, { attempt, metric, warn }) => {
    if (attempt <= failures) throw new ResourceTemporarilyUnavailableError('the source is busy');
    metric('rows', 12);
    if (failures > 0) warn('the source was slow');
    return `${dataSource} loaded`;
  },
});
