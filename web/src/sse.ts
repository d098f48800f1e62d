/** Server-sent events, read from a stream of our own so that the token goes in a header. */

export interface ServerEvent {
  event: string;
  id: string;
  data: string;
}

export async function* events(answer: Response): AsyncGenerator<ServerEvent> {
  if (!answer.body) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (rest + value.replaceAll('\r', '')).split('\n\n');
      rest = parts.pop() ?? '';
      yield* parts.map(eventOf);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** One event's lines; a comment, which is a heartbeat, has no data. */
export function eventOf(block: string): ServerEvent {
  let event = 'message';
  let id = '';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) event = line.slice(6).trim();
    else if (line.startsWith('id:')) id = line.slice(3).trim();
    else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
  }
  return { event: data.length > 0 ? event : '', id, data: data.join('\n') };
}

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
