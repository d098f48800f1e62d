/** The programs of the conformance suite: one for each way to run one, all of them answering to the same words. */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { ProgramInput } from '../../src/builder.js';
import { BUSYBOX } from '../support/docker.js';

const text = (name: string): string => readFileSync(join(__dirname, 'fixtures', name), 'utf8');

/** What a subject may be asked to do. */
export const WORDS = [
  ...(['echo', 'says', 'big', 'exits', 'throws', 'dies', 'hangs', 'keeps', 'leaves'] as const),
  ...(['raves', 'hogs', 'floods', 'fills', 'forks'] as const),
] as const;
export type Word = (typeof WORDS)[number];

export interface Subject {
  name: string;
  program: (target: { url: string }) => ProgramInput;
  /** What it cannot be asked. */
  not?: readonly Word[];
  /** Bytes that it needs to run at all. */
  memory?: string;
}

const env = { GREETING: 'žluť 中文 👩‍👩‍👧' };
const secrets = ['TOKEN'];

export const SUBJECTS: readonly Subject[] = [
  {
    name: 'a process: Node.js',
    program: () => ({ process: { runtime: 'node', code: text('subject.mjs'), env, secrets } }),
    not: ['forks'],
  },
  {
    name: 'a process: Python',
    program: () => ({ process: { runtime: 'python', code: text('subject.py'), env, secrets } }),
  },
  {
    name: 'a process: Java',
    program: () => ({ process: { runtime: 'java', code: text('Subject.java'), env, secrets } }),
    not: ['dies', 'fills', 'forks'],
    memory: '256Mi',
  },
  {
    name: 'a process: JavaScript that nobody has read',
    program: () => ({
      process: { runtime: 'javascript', code: text('subject.mjs'), env, secrets },
    }),
    // It may neither signal nor start anything, and writes only where its output goes.
    not: ['dies', 'fills', 'forks', 'floods'],
    memory: '192Mi',
  },
  {
    name: 'a process: a command',
    program: () => ({ process: { command: ['sh', '-c', text('subject.sh')], env, secrets } }),
  },
  {
    name: 'a container',
    program: () => ({
      container: { image: BUSYBOX, command: ['sh', '-c', text('subject.sh')], env, secrets },
    }),
    not: ['dies'], // the first process of a container is not ended by its own signals
  },
  {
    name: 'a function',
    program: ({ url }) => ({ faas: { url } }),
    not: ['says', 'dies', 'keeps', 'leaves', 'hogs', 'floods', 'fills', 'forks'],
  },
];

/** A function behind an address that answers to the same words. */
export async function startFunction(): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const given = JSON.parse(Buffer.concat(chunks).toString()) as { do: Word };
      const answer = (body: string, status = 200): void =>
        void response.writeHead(status, { 'content-type': 'application/json' }).end(body);
      const { headers } = request;
      switch (given.do) {
        case 'echo':
          return answer(
            JSON.stringify({
              got: given,
              env: {
                ...{ ...env, TASK_ID: headers['tempograph-task-id'] },
                WORKFLOW_ID: headers['tempograph-workflow-id'],
                TEMPOGRAPH_IDEMPOTENCY_KEY: headers['idempotency-key'],
                TEMPOGRAPH_DEADLINE: headers['tempograph-deadline'],
              },
            }),
          );
        case 'big':
          return answer(JSON.stringify('x'.repeat(5_000_000)));
        case 'raves':
          return answer('{"a": ');
        case 'hangs':
          return undefined; // it never answers
        default:
          return answer(JSON.stringify({ error: { message: 'it broke' } }), 500);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}
