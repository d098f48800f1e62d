/**
 * Programs as tasks: code for a runtime, a command, an image or a function, said in data. What may be said, and what it
 * comes to once defaults are filled in. Which runner takes one is for `choose-runner.ts`.
 */
import { z } from 'zod';
import { byName } from './by-name.js';
import { BytesSchema, formatBytes, parseBytes } from './bytes.js';
import { ContainerNetworkSchema } from './container-network.js';
import { LATE_NAME } from './late-values.js';

/** Runtimes that code can be given for. `javascript` is Deno without any permission, for code that nobody has read. */
export const RUNTIMES = ['node', 'python', 'java', 'javascript'] as const;
export type Runtime = (typeof RUNTIMES)[number];

/** How much of what is asked for is refused where it cannot be held: see docs/isolation.md. */
export const SECURITY_LEVELS = ['LOW', 'MEDIUM', 'HIGH'] as const;
export type SecurityLevel = (typeof SECURITY_LEVELS)[number];

const MAX_CODE_CHARACTERS = 1_048_576;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;
/** Ours: what a program finds its input and its output by. */
const RESERVED = /^TEMPOGRAPH_/;
/** A path below a folder that leads nowhere else. */
const FILE_NAME =
  /^(?!(?:[\s\S]*\/)?\.{1,2}(?:\/|$))[^\p{Cc}\p{Zl}\p{Zp}/\\][^\p{Cc}\p{Zl}\p{Zp}\\]{0,254}$/u;

/** Read by a runtime or a loader before the program begins, when its share of the CPU does not hold yet. */
const BEFORE_BEGIN =
  /^(?:NODE_OPTIONS|NODE_EXTRA_CA_CERTS|(?:_JAVA|JAVA_TOOL|JDK_JAVA|JDK_JAVAC)_OPTIONS|LD_[A-Z_]+|BASH_ENV|ENV|GCONV_PATH|DENO_[A-Z_]+)$/;

/** A module by the name that the runtime imports it by: `numpy`, `xml.etree`, `node:fs/promises`. */
const MODULE = /^(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_./:-]{0,99}$/;

/** Runtimes whose sandboxes can wait with modules loaded. */
export const PRELOADING: readonly Runtime[] = ['node', 'python'];

/** What a sandbox that waits is to have loaded: modules that are installed below `/usr` (python), built-in ones (node). */
export const PreloadSchema = z
  .array(z.string().regex(MODULE, 'must be the name of a module, such as numpy'))
  .max(50);

const HEADER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
const Header = z.string().regex(HEADER, 'must be the name of a header, such as x-tenant');

const Variables = byName(
  z
    .string()
    .regex(VARIABLE, 'must be a name of a variable: letters, digits and _')
    .refine((name) => !RESERVED.test(name), 'must not begin with TEMPOGRAPH_')
    .refine(
      (name) => !BEFORE_BEGIN.test(name),
      'is read before the program begins; give args, or set it within the program',
    ),
  z.string().max(32_768).refine(withoutNul, 'must not hold a NUL character'),
);

const Arguments = z.array(
  z.string().max(32_768).refine(withoutNul, 'must not hold a NUL character'),
);

/** `host:port`; an IPv6 address stands in brackets. */
export const NETWORK_TARGET =
  /^(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9*](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?):\d{1,5}$/;

/** A text with a sentence of its own for names of networks, which a literal would answer with its values alone. */
const NoNetwork = z
  .string()
  .regex(
    /^none$/,
    'must be none, or a list such as [api.example.com:443]; names of networks are for a container',
  ) as unknown as z.ZodType<'none', 'none'>;

/** Of a process: hosts that it may reach, by HTTP(S) through a proxy. */
const ProcessNetwork = z.union([
  NoNetwork,
  z
    .array(z.string().regex(NETWORK_TARGET, 'must be <host>:<port>, such as api.example.com:443'))
    .max(100),
]);

/** Of a container: the name of a network. A list is taken here, and refused with what to say instead: `program-faults.ts`. */
const ContainerNetwork = z.union([ContainerNetworkSchema, z.array(z.string()).max(100)]);

/** What every program may be given. */
const Given = {
  /** Variables of its environment. TASK_ID and WORKFLOW_ID are set unless they are given here. */
  env: Variables.optional(),
  /** Names of secrets; each is a variable of its environment of that name. */
  secrets: z.array(z.string().regex(VARIABLE, 'must be a name of a variable')).max(50).optional(),
  /** Read-only files beside it, by name: texts. */
  files: byName(
    z.string().regex(FILE_NAME, 'must be a relative path without ".."'),
    z.string().max(MAX_CODE_CHARACTERS),
  ).optional(),
};

/** `process`: code for a runtime, or any command; in a sandbox of Linux. */
export const ProcessSchema = z
  .strictObject({
    /** What runs `code`. */
    runtime: z.enum(RUNTIMES).optional(),
    /** The program's text. In Java one class with `main`. */
    code: z.string().min(1).max(MAX_CODE_CHARACTERS).optional(),
    /** A file beside the pipeline's: its text becomes `code` when the pipeline is read. */
    file: z.string().min(1).max(1_024).optional(),
    /** Program and arguments, instead of `runtime`. */
    command: Arguments.min(1).max(1_000).optional(),
    /** Arguments behind the code. */
    args: Arguments.max(1_000).optional(),
    /**
     * Modules that the sandbox has imported by then where it waited for the program (node and python). The program
     * imports them all the same, and takes that long where it begins cold.
     */
    preload: PreloadSchema.optional(),
    /** Hosts that it may reach, by HTTP(S) through a proxy. Default none. */
    network: ProcessNetwork.optional(),
    ...Given,
  })
  .superRefine((value, context) => {
    const issue = (path: string, message: string): void =>
      void context.addIssue({ code: 'custom', path: [path], message });
    const { runtime, code, file, command, args, preload } = value;
    if (command !== undefined) {
      for (const [name, one] of Object.entries({ runtime, code, file, args, preload }))
        if (one !== undefined) issue(name, 'is for a runtime, and this process has a command');
      return;
    }
    if (runtime === undefined)
      issue('runtime', `must be one of ${RUNTIMES.join(', ')}; or give a command`);
    if (preload !== undefined && runtime !== undefined && !PRELOADING.includes(runtime))
      issue('preload', `is for ${PRELOADING.join(' and ')}; ${runtime} loads nothing beforehand`);
    if (code === undefined && file === undefined)
      issue('code', 'must be the text of the program; or give a file');
    if (code !== undefined && file !== undefined)
      issue('file', 'a program is given as code or as a file, not as both');
  });
export type ProcessSpec = z.output<typeof ProcessSchema>;

/** `container`: an image, run by Docker or Podman. */
export const ContainerSchema = z.strictObject({
  image: z
    .string()
    .min(1)
    .max(500)
    // The engine is asked for it by a path.
    .regex(
      /^(?!.*\/(?:\/|$|\.{1,2}(?:\/|$)))[a-z0-9][a-zA-Z0-9._:/@-]*$/,
      'must be the name of an image, such as alpine:3.20',
    ),
  /** Default: the image's own. */
  command: Arguments.min(1).max(1_000).optional(),
  /** Instead of the image's own. */
  entrypoint: Arguments.max(100).optional(),
  workdir: z.string().regex(/^\//, 'must be an absolute path').max(1_024).optional(),
  /** Default missing: pulled where the engine has none. `always` asks the registry for every attempt. */
  pull: z.enum(['missing', 'always', 'never']).optional(),
  /** Folders of the worker's host that its setting `containerMounts` allows. */
  mounts: z
    .array(
      z.strictObject({
        source: z.string().regex(/^\//, 'must be an absolute path').max(1_024),
        target: z.string().regex(/^\//, 'must be an absolute path').max(1_024),
        /** Default true. */
        readOnly: z.boolean().optional(),
      }),
    )
    .max(50)
    .optional(),
  /** A network of the engine that its setting `containerNetworks` allows. Default none. Nothing on it is filtered by us. */
  network: ContainerNetwork.optional(),
  ...Given,
});
export type ContainerSpec = z.output<typeof ContainerSchema>;

/** `faas`: a function behind an address, or of AWS Lambda. */
export const FaasSchema = z
  .strictObject({
    /** Where it is asked, by HTTP. */
    url: z.url({ protocol: /^https?$/, error: 'must be an http or https address' }).optional(),
    /** Name or ARN of a function of AWS Lambda. */
    function: z
      .string()
      .regex(/^[A-Za-z0-9:_$-]{1,170}$/, 'must be the name or the ARN of a function')
      .optional(),
    /** Default http: the input is the body. `cloudevents`: it is the data of an event. */
    protocol: z.enum(['http', 'cloudevents']).optional(),
    /** Default POST. */
    method: z.enum(['POST', 'PUT']).optional(),
    headers: byName(Header, z.string().max(8_192)).optional(),
    /** Headers whose value is a secret, by header: the secret's name. */
    secretHeaders: byName(
      Header,
      z.string().regex(LATE_NAME, 'must be the name of a secret'),
    ).optional(),
    /** Type of the event. Default tempograph.task.invoked. */
    type: z.string().min(1).max(200).optional(),
    /** Version or alias of a function of Lambda. */
    qualifier: z.string().min(1).max(128).optional(),
    /** Default: the worker's. */
    region: z.string().min(1).max(50).optional(),
  })
  .superRefine(({ url, function: name, ...rest }, context) => {
    const issue = (path: string, message: string): void =>
      void context.addIssue({ code: 'custom', path: [path], message });
    if (url === undefined && name === undefined)
      issue('url', 'must be the address of a function; or name a function of Lambda');
    if (url !== undefined && name !== undefined)
      issue('function', 'is of Lambda, and this one has a url');
    const foreign =
      url === undefined
        ? ['protocol', 'method', 'headers', 'secretHeaders', 'type']
        : ['qualifier', 'region'];
    for (const [key, value] of Object.entries(rest))
      if (value !== undefined && foreign.includes(key))
        issue(key, url === undefined ? 'is for a url' : 'is for a function of Lambda');
    if (rest.type !== undefined && rest.protocol !== 'cloudevents')
      issue('type', 'is for the protocol cloudevents');
  });
export type FaasSpec = z.output<typeof FaasSchema>;

/** A program, by its kind. */
export type Program =
  | { kind: 'process'; process: ProcessSpec }
  | { kind: 'container'; container: ContainerSpec }
  | { kind: 'faas'; faas: FaasSpec };
export const PROGRAM_KINDS = ['process', 'container', 'faas'] as const;
export type ProgramKind = (typeof PROGRAM_KINDS)[number];

/** The program that a node or a definition says, undefined where it says none. */
export function programOf(said: {
  process?: ProcessSpec | undefined;
  container?: ContainerSpec | undefined;
  faas?: FaasSpec | undefined;
}): Program | undefined {
  if (said.process !== undefined) return { kind: 'process', process: said.process };
  if (said.container !== undefined) return { kind: 'container', container: said.container };
  return said.faas === undefined ? undefined : { kind: 'faas', faas: said.faas };
}

/** Names of the secrets that a program is given. */
export function programSecrets(program: Program): string[] {
  switch (program.kind) {
    case 'process':
      return program.process.secrets ?? [];
    case 'container':
      return program.container.secrets ?? [];
    case 'faas':
      return Object.values(program.faas.secretHeaders ?? {});
  }
}

/** What a program may use; the defaults are document 004's. */
export const ResourcesSchema = z.strictObject({
  /** Of one CPU: 0.1 is a tenth. Default 0.1, at least 0.01. */
  cpu: z.number().min(0.01).max(1_024).optional(),
  /** Bytes, or such as '128Mi'. Default 128Mi, at least 4Mi. */
  memory: BytesSchema.refine((bytes) => bytes >= 4 * 2 ** 20, 'must be at least 4Mi').optional(),
  /** Bytes that it may write. Default 500Mi. */
  disk: BytesSchema.refine((bytes) => bytes >= 2 ** 20, 'must be at least 1Mi').optional(),
  /** Processes and threads that it may have at once. Default 64. */
  processes: z.int().min(1).max(32_768).optional(),
  /** Bytes of standard output and of standard error, each, before it is ended. Default 1Mi. */
  logs: BytesSchema.optional(),
});
export type Resources = z.output<typeof ResourcesSchema>;

/** A permission: what a program is granted beyond nothing. */
export const PERMISSION =
  /^(?:network:.+|read:\/.*|write:\/.*|env:[A-Za-z_]\w{0,99}|secret:[A-Za-z0-9_][A-Za-z0-9_.-]{0,99})$/;

export const SecuritySchema = z.strictObject({
  /** Default LOW. */
  level: z.enum(SECURITY_LEVELS).optional(),
  /** Default `default-user`: an unprivileged user of the worker's range. There is no other. */
  runAs: z
    .literal('default-user', {
      error: 'must be default-user: programs run as an unprivileged user of their own',
    })
    .optional(),
  /** `network:<host>:<port>`, `network:<name>`, `env:<NAME>`, `secret:<name>`; `read:` and `write:` are refused with what to use instead. Default none. */
  permissions: z
    .array(
      z
        .string()
        .max(1_200)
        .regex(
          PERMISSION,
          'must be network:<host>:<port>, network:<name>, env:<NAME> or secret:<name>',
        ),
    )
    .max(100)
    .optional(),
});
export type Security = z.output<typeof SecuritySchema>;

/** Time for one attempt of a program, where nothing is said. */
export const PROGRAM_TIMEOUT_MS = 300_000;

/** {@link Resources} with the defaults filled in. Bytes; CPUs. */
export interface Limits {
  cpu: number;
  memoryBytes: number;
  diskBytes: number;
  processes: number;
  /** Of standard output and of standard error, each. */
  logBytes: number;
}

/** What holds where nothing is said: document 004's, and what it is silent about. */
export const DEFAULT_LIMITS: Limits = {
  cpu: 0.1,
  memoryBytes: parseBytes('128Mi'),
  diskBytes: parseBytes('500Mi'),
  processes: 64,
  logBytes: parseBytes('1Mi'),
};

export function limitsOf({ cpu, memory, disk, processes, logs }: Resources = {}): Limits {
  return {
    cpu: cpu ?? DEFAULT_LIMITS.cpu,
    memoryBytes: memory ?? DEFAULT_LIMITS.memoryBytes,
    diskBytes: disk ?? DEFAULT_LIMITS.diskBytes,
    processes: processes ?? DEFAULT_LIMITS.processes,
    logBytes: logs ?? DEFAULT_LIMITS.logBytes,
  };
}

/** What of the limits is more than a worker gives, as one sentence; undefined where nothing is. */
export function overLimits(asked: Limits, most: Limits): string | undefined {
  const bytes = (value: number): string => formatBytes(value);
  const plain = (value: number): string => String(value);
  const rows: [keyof Limits, string, (value: number) => string][] = [
    ['cpu', 'cpu', plain],
    ['memoryBytes', 'memory', bytes],
    ['diskBytes', 'disk', bytes],
    ['processes', 'processes', plain],
    ['logBytes', 'logs', bytes],
  ];
  for (const [key, name, shown] of rows)
    if (asked[key] > most[key])
      return `resources.${name}: ${shown(asked[key])} is more than this worker gives to a program, ${shown(most[key])} (maxResources); ask for less, or raise the worker's setting`;
  return undefined;
}

function withoutNul(text: string): boolean {
  return !text.includes('\0');
}

/** The fields of what a node may say of a program, by the node's own field. */
export const PROGRAM_FIELDS: Readonly<Record<string, string[]>> = {
  process: Object.keys(ProcessSchema.shape),
  container: Object.keys(ContainerSchema.shape),
  faas: Object.keys(FaasSchema.shape),
  resources: Object.keys(ResourcesSchema.shape),
  security: Object.keys(SecuritySchema.shape),
};
