/** Requests that are no HTTP, or whose address or headers are too long: nothing else of the server has seen them. */
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { HttpProblem, problemOf } from './problem.js';

const TOO_LONG =
  'the address and the headers of the request are too long together; the limit is 16 KiB';

/** Answers with a problem, as everything else does, and hangs up. */
export function answerUnread(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = problemOf(told(error), randomUUID());
  const body = JSON.stringify(problem);
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'X-Content-Type-Options: nosniff',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

function told({ code }: { code?: string }): HttpProblem {
  if (code === 'HPE_HEADER_OVERFLOW') return new HttpProblem(431, 'TOO_LARGE', TOO_LONG);
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new HttpProblem(408, 'REQUEST_TIMEOUT', 'the request did not come to its end in time');
  return new HttpProblem(400, 'BAD_REQUEST', 'this is no request that HTTP/1.1 knows');
}
