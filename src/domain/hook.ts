/**
 * An incoming webhook, as it is written in the settings: who may send it, by a secret that the two share, and what it does.
 * It starts a pipeline with parameters made of its body, or answers an approval; always within one project.
 */
import { z } from 'zod';
import { byName } from './by-name.js';
import { HOOK_VARIABLES, parseExpression, expressionSource } from './expression.js';
import type { Json } from './json.js';
import { secretKey } from './sink.js';
import { templateProblems } from './template.js';

/** Whose way of signing: Standard Webhooks, as our own sinks do; or GitHub's, which signs no time and no id. */
const SIGNATURES = ['standard', 'github'] as const;
const LEAST_SECRET = 16;

const Template = z.string().min(1).max(10_000);
/** Where it says nothing, every delivery counts. */
const Condition = Template.superRefine((text, context) => {
  try {
    parseExpression(expressionSource(text), HOOK_VARIABLES);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message, input: text });
  }
});

export const HookSchema = z
  .strictObject({
    /** The end of its address: `/api/v1/hooks/<name>`. */
    name: z.string().regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, ".", "_" or "-"'),
    signature: z.enum(SIGNATURES).default('standard'),
    /** Of `standard` `whsec_` and base64, of `github` any text. */
    secret: z.string().min(LEAST_SECRET, `must have at least ${LEAST_SECRET} characters`),
    /** What it starts and answers is of this project. */
    project: z.string().min(1).max(200),
    /** An expression over `body`; where it is not true, the delivery is taken and does nothing. */
    when: Condition.optional(),
    /** The name of a pipeline to start. */
    pipeline: z.string().min(1).max(255).optional(),
    /** Its parameters, with `${{ body.… }}` in them. */
    params: byName(z.string(), z.unknown()).default({}),
    /** An approval to answer, instead of a pipeline. */
    approval: z
      .strictObject({
        execution: Template,
        node: Template,
        /** An expression over `body` that is true for yes. */
        approved: Condition,
        note: Template.optional(),
      })
      .optional(),
  })
  .superRefine(({ signature, secret, pipeline, approval, params }, context) => {
    const wrong = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', message, path: [path] });
    if (signature === 'standard' && secretKey(secret) === undefined)
      wrong('secret', 'must be whsec_ and the base64 of 16 to 64 bytes');
    if ((pipeline === undefined) === (approval === undefined))
      wrong('pipeline', 'expected pipeline or approval, one of the two');
    const { problems } = templateProblems(
      { params, ...approval } as unknown as Json,
      [],
      HOOK_VARIABLES,
    );
    for (const { path, message } of problems) wrong(path.join('.'), message);
  });
export type Hook = z.output<typeof HookSchema>;
export type HookOptions = z.input<typeof HookSchema>;

export const HooksSchema = z
  .array(HookSchema)
  .refine(
    (hooks) => new Set(hooks.map(({ name }) => name)).size === hooks.length,
    'each hook needs a name of its own',
  );
