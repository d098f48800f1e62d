/** `tempograph key …`: the keys of those who call over HTTP. */
import { userInfo } from 'node:os';
import type { KeyRecord, KeyWithToken } from '../client.js';
import { SCOPES, type Scope } from '../domain/access.js';
import { oneLine, table, type Cell } from './columns.js';
import {
  collect,
  duration,
  option,
  type CommandDefinition,
  type CommandGroup,
  type CommonOptions,
} from './command.js';
import { EXIT, UsageError } from './exit.js';
import { utcTime } from './utc-time.js';
import { notOneOf } from './one-of.js';
import type { Output } from './output.js';
import { withReadingSession, withSession } from './session.js';

interface ByOptions extends CommonOptions {
  by?: string;
  reason?: string;
}

const ID = ['<id>', 'as "tempograph key list" shows it'] as const;
const BY = option('--by <name>', 'who asks (default: the user of this machine)');
const WHY = option('--reason <text>', 'why; it stands in the audit log');

const expires = (what: string) => option('--expires <time>', what, duration('--expires'));

const changeOf = ({ by = userInfo().username, reason }: ByOptions) => ({
  by,
  ...(reason === undefined ? {} : { reason }),
});

function scopeOf(text: string): Scope {
  const found = SCOPES.find((scope) => scope === text);
  if (found) return found;
  throw notOneOf('--scope', text, SCOPES);
}

interface CreateOptions extends ByOptions {
  scope: Scope;
  project?: string[];
  expires?: number;
}

const create: CommandDefinition<CreateOptions> = {
  name: 'create',
  summary: 'Make a key, and show its token once',
  description:
    'Standard output gets the token and nothing else; it is kept nowhere. read looks, run starts executions, operate changes what runs, admin makes keys.',
  parameters: [['<name>', 'who uses it; no other live key has it']],
  options: [
    option('--scope <scope>', SCOPES.join(', '), scopeOf).makeOptionMandatory(),
    option('--project <name>', 'only in this project; may be repeated (default: all)', collect),
    expires('how long it is good, such as 90d (default: for ever)'),
    ...[BY, WHY],
  ],
  examples: [
    ['tempograph key create deploy --scope run --project shop --expires 90d', 'for a pipeline'],
    ['tempograph key create root --scope admin > root.token', 'into a file'],
  ],
  run: async (out, options, [name = '']) =>
    await withSession(options, async ({ engine }) => {
      const { scope, project, expires: after } = options;
      const made = await engine.keys.create({
        ...{ name, scope, ...changeOf(options) },
        ...(project === undefined ? {} : { projects: project }),
        ...(after === undefined ? {} : { expires: after }),
      });
      printToken(out, made);
      return EXIT.done;
    }),
};

const list: CommandDefinition<CommonOptions & { revoked?: boolean }> = {
  name: 'list',
  summary: 'List the keys, newest first',
  options: [option('--revoked', 'those too that are revoked')],
  examples: [['tempograph key list --json', 'for scripts']],
  run: async (out, options) =>
    await withReadingSession(out, options, async ({ engine }) => {
      const keys = await engine.keys.list({ revoked: options.revoked ?? false });
      out.document({ keys });
      if (keys.length === 0 && !out.json) out.note('no keys; "tempograph key create" makes one');
      if (keys.length > 0) printKeys(out, keys);
      return EXIT.done;
    }),
};

interface RotateOptions extends ByOptions {
  grace?: number;
  expires?: number;
}

const rotate: CommandDefinition<RotateOptions> = {
  name: 'rotate',
  summary: 'Give a key a new token, and show it once',
  description:
    'The token so far is good for the grace, so that its users have time to change; one before that is not.',
  parameters: [ID],
  options: [
    option(
      '--grace <time>',
      'how long the token so far is good; 0 for not at all (default: 24h)',
      duration('--grace'),
    ),
    expires('how long the key is good from now on (default: as long as it was)'),
    ...[BY, WHY],
  ],
  examples: [['tempograph key rotate 3f2a9c01d4e7 --grace 1h', 'change it within the hour']],
  run: async (out, options, [id = '']) =>
    await withSession(options, async ({ engine }) => {
      const { grace, expires: after } = options;
      const made = await engine.keys.rotate(id, {
        ...changeOf(options),
        ...(grace === undefined ? {} : { grace }),
        ...(after === undefined ? {} : { expires: after }),
      });
      printToken(out, made);
      return EXIT.done;
    }),
};

const revoke: CommandDefinition<ByOptions> = {
  name: 'revoke',
  summary: 'End a key for ever, within 5 seconds',
  parameters: [ID],
  options: [option('--reason <text>', 'why; it stands in the audit log (required)'), BY],
  examples: [['tempograph key revoke 3f2a9c01d4e7 --reason "it was in a log"', 'at once']],
  run: async (out, options, [id = '']) => {
    if ((options.reason ?? '').trim() === '')
      throw new UsageError('--reason: say why; it stands in the audit log');
    return await withSession(options, async ({ engine }) => {
      const key = await engine.keys.revoke(id, changeOf(options));
      out.print(`${key.name} (${key.id}) is revoked`);
      out.document({ key });
      return EXIT.done;
    });
  },
};

export const key: CommandGroup = {
  name: 'key',
  summary: 'Make, list, rotate and revoke the keys of the HTTP API',
  commands: [create, list, rotate, revoke],
  examples: [
    ['tempograph key create deploy --scope run --expires 90d', 'shows its token once'],
    ['tempograph key revoke 3f2a9c01d4e7 --reason "it was in a log"', 'at once'],
  ],
};

/** The token alone on standard output, so that it goes into a file or a secret store as it is. */
function printToken(out: Output, { key: made, token }: KeyWithToken): void {
  out.document({ key: made, token });
  out.print(token);
  if (out.json) return;
  const { id, name, scope, projects, expiresAt, previousUntil } = made;
  const more = [
    `scope ${scope}`,
    `projects ${projects?.join(', ') ?? 'all'}`,
    expiresAt === null ? 'does not expire' : `expires ${utcTime(expiresAt)}`,
    ...(previousUntil === null ? [] : [`the old token is good until ${utcTime(previousUntil)}`]),
  ];
  out.note(`key ${oneLine(name)} (${id}): ${oneLine(more.join(', '))}`);
  out.note('keep the token now; it is not shown again');
}

function printKeys(out: Output, keys: readonly KeyRecord[]): void {
  const { dim, red } = out.style;
  const head = ['ID', 'NAME', 'STATE', 'SCOPE', 'PROJECTS', 'EXPIRES', 'LAST USED', 'CREATED BY'];
  const rows = keys.map((one): Cell[] => [
    { text: one.id },
    { text: oneLine(one.name) },
    { text: one.state, paint: one.state === 'live' ? undefined : red },
    { text: one.scope },
    { text: oneLine(one.projects?.join(', ') ?? 'all') },
    { text: one.expiresAt === null ? 'never' : utcTime(one.expiresAt) },
    { text: one.lastUsedAt === null ? 'never' : utcTime(one.lastUsedAt) },
    { text: oneLine(one.createdBy) },
  ]);
  const titles = head.map((text): Cell => ({ text, paint: dim }));
  for (const line of table([titles, ...rows], out.live ? out.width : Infinity)) out.print(line);
}
