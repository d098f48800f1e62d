/** `tempograph complete`: reports the end of a task that ends elsewhere. */
import { option, type CommandDefinition, type CommonOptions } from './command.js';
import { EXIT, UsageError } from './exit.js';
import { withDirectSession } from './session.js';

interface CompleteFlags extends CommonOptions {
  output?: string;
  error?: string;
}

export const complete: CommandDefinition<CompleteFlags> = {
  name: 'complete',
  local: 'ends a task with Temporal itself',
  summary: 'End a task that ends elsewhere',
  description:
    "For tasks with completion: 'external'. Without --output and --error the output is null. Exit code 0 when it is COMPLETED or, after --error, as that error makes it; 1 when its output was refused; 2 when it does not wait for its end.",
  parameters: [['<id>', "a lone task's execution id, or <execution>/<node>"]],
  options: [
    option('--output <json>', 'the output, as JSON'),
    option('--error <message>', 'it failed: retried or not, as where a handler throws'),
  ],
  examples: [
    ['tempograph complete film-3f2a/render --output \'{"frames": 24}\'', 'it is done'],
    ['tempograph complete film-3f2a/render --error "no license"', 'it failed'],
  ],
  run: async (out, { output, error, ...options }, [executionId = '']) => {
    if (output !== undefined && error !== undefined)
      throw new UsageError('--output and --error: say one of the two');
    const end = error === undefined ? { result: parsed(output ?? 'null') } : { error };
    return await withDirectSession(options, async ({ engine }) => {
      const answer = await engine.handleItem({ executionId, ...end });
      const why = answer.error === null ? '' : `: ${answer.error.message}`;
      out.print(`${executionId} is ${answer.status}${why}`);
      out.document(answer);
      return answer.status === 'COMPLETED' || error !== undefined ? EXIT.done : EXIT.failed;
    });
  },
};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (failure) {
    throw new UsageError(`--output: expected JSON, got ${text} (${(failure as Error).message})`);
  }
}
