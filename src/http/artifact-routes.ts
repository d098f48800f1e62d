/** What tasks kept beside their outputs: the list, and the bytes, which nobody's browser may take for a page of ours. */
import contentDisposition from 'content-disposition';
import { z } from 'zod';
import type { ArtifactContent } from '../client.js';
import { splitExecutionId } from '../domain/execution-id.js';
import { ExecutionParams, NodeParams, nodeOf } from './calls.js';
import { rangeOf } from './ranges.js';
import { RawAnswer, route } from './route.js';

const ArtifactShape = z
  .object({
    nodeId: z.string(),
    name: z.string().describe('a relative path'),
    bytes: z.int(),
    contentType: z.string(),
    ref: z.string().describe('the hash of its bytes'),
  })
  .meta({ id: 'Artifact' });

export const artifactRoutes = [
  route({
    id: 'listArtifacts',
    method: 'GET',
    path: '/executions/:executionId/artifacts',
    tag: 'artifacts',
    summary: 'Files that its nodes kept, of those that have ended',
    scope: 'read',
    of: 'execution',
    params: ExecutionParams,
    answer: z.object({ artifacts: z.array(ArtifactShape) }),
    handle: async ({ engine, params }) => ({
      artifacts: await engine.handle(params.executionId).artifacts(),
    }),
  }),
  route({
    id: 'getArtifact',
    method: 'GET',
    path: '/executions/:executionId/nodes/:nodeId/artifacts/:name',
    tag: 'artifacts',
    summary: 'The bytes of one',
    description:
      'As a download, with an ETag. With Range one part of it (206), with If-Range only of that version.',
    scope: 'read',
    of: 'execution',
    params: NodeParams.extend({
      name: z.string().min(1).max(1_000).describe('as one segment: / is written %2F'),
    }),
    answer: { contentType: '*/*', description: 'the bytes' },
    parts: true,
    handle: async (call) => {
      const { graphId, nodeId = '' } = splitExecutionId(nodeOf(call));
      const found = await call.engine.handle(graphId).artifact(nodeId, call.params.name);
      return download(found, call.range, call.ifRange);
    },
  }),
];

function download(
  { name, ref, contentType, data }: ArtifactContent,
  wanted: string | undefined,
  onlyOf: string | undefined,
): RawAnswer {
  const etag = `"${ref}"`;
  const range = onlyOf === undefined || onlyOf === etag ? rangeOf(wanted, data.length) : undefined;
  const bytes = range ? data.subarray(range.from, range.to + 1) : data;
  return new RawAnswer({
    // A header holds no other characters.
    contentType: /^[ -~]+$/.test(contentType) ? contentType : 'application/octet-stream',
    status: range ? 206 : 200,
    headers: {
      etag,
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache',
      'content-disposition': contentDisposition(name.slice(name.lastIndexOf('/') + 1)),
      'content-security-policy': "sandbox; default-src 'none'",
      'x-content-type-options': 'nosniff',
      ...(range ? { 'content-range': `bytes ${range.from}-${range.to}/${data.length}` } : {}),
    },
    body: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  });
}
