/** The page's files, built into `lib/page`; where they are not built, the address says how. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** From the sources, and from what is built of them. */
const FOLDERS = ['../page/', '../../lib/page/'];

export async function servePage(app: FastifyInstance): Promise<void> {
  const root = FOLDERS.map((path) => fileURLToPath(new URL(path, import.meta.url))).find((folder) =>
    existsSync(`${folder}index.html`),
  );
  if (root === undefined) {
    app.get('/', { schema: { hide: true } }, async (_request, reply) =>
      reply
        .type('text/plain; charset=utf-8')
        .send('The page is not built: npm run build. The API is at /api/v1/reference.\n'),
    );
    return;
  }
  await app.register(fastifyStatic, { root, wildcard: false, maxAge: 0 });
}
