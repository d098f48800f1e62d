import { z } from 'zod';
import { isObject } from './json.js';

const MESSAGE = 'expected another name, got "__proto__"';

/**
 * A map by names that somebody chose: variables, files, headers, metadata. As `z.record`, which leaves out what is called
 * `__proto__` without a word: here it is refused, with its place.
 */
export function byName<Key extends z.core.$ZodRecordKey, Value extends z.core.SomeType>(
  key: Key,
  value: Value,
): z.ZodRecord<Key, Value> {
  const looked = z.preprocess(
    (given, context) => {
      if (isObject(given) && Object.hasOwn(given, '__proto__'))
        context.addIssue({ code: 'custom', path: ['__proto__'], message: MESSAGE });
      return given;
    },
    z.record(key, value),
  );
  // What it takes and gives is what the record does; the pipe in between would make `unknown` of what it takes.
  return looked as unknown as z.ZodRecord<Key, Value>;
}
