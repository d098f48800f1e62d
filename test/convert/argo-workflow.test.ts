import { describe, expect, it } from '@jest/globals';
import { convert } from '../../src/convert/convert.js';
import { read, told } from './support/argo.js';

const ECHO =
  '{ name: echo, inputs: { parameters: [{ name: m }] }, container: { image: i, command: [echo, "{{inputs.parameters.m}}"] } }';
const say = (name: string, text: string, more = '') =>
  `{ name: ${name}, template: echo, arguments: { parameters: [{ name: m, value: ${JSON.stringify(text)} }] } ${more} }`;
const dag = (tasks: string, more = '', templates = '') =>
  read(
    `{ entrypoint: main, ${more} templates: [{ name: main, dag: { tasks: [${tasks}] } }, ${ECHO} ${templates}] }`,
  );

describe('the value of a workflow parameter', () => {
  const withDay = (value: string) =>
    dag(
      say('a', '{{workflow.parameters.day}}'),
      `arguments: { parameters: [{ name: day, value: ${JSON.stringify(value)} }] },`,
    );

  it('is what its tags mean in the run, unless the parameter is given', () => {
    const { pipeline, losses } = withDay('{{workflow.scheduledTime}}');
    expect(pipeline.params).toEqual({ day: { type: ['string', 'null'], default: null } });
    expect(pipeline.tasks[0]?.input).toEqual({
      parameters: { m: '${{ (params.day != null ? params.day : execution.scheduledTime) }}' },
    });
    expect(losses.map(({ feature }) => feature)).toEqual(['network']);
  });

  it('with a tag that has no counterpart is text, and a loss', () => {
    const made = withDay('{{workflow.uid}}');
    expect(made.pipeline.params).toEqual({ day: { type: 'string', default: '{{workflow.uid}}' } });
    expect(made.losses.map(({ path }) => path)).toContain('spec.arguments.parameters[0].value');
  });

  it('is put into an input of the entrypoint that reads it', () => {
    const { pipeline } = read(
      `{ entrypoint: main, arguments: { parameters: [{ name: day, value: x }] }, templates: [
        { name: main, inputs: { parameters: [{ name: d, value: "{{workflow.parameters.day}}!" }] }, steps: [[${say('a', '{{inputs.parameters.d}}')}]] }, ${ECHO}] }`,
    );
    expect(pipeline.tasks[0]?.input).toEqual({
      parameters: { m: '${{ (params.d != null ? params.d : params.day + "!") }}' },
    });
  });

  it('that grows with each that it holds stays text', () => {
    const list = Array.from({ length: 40 }, (_none, at) => {
      const before = `{{workflow.parameters.p${at - 1}}}`;
      return `{ name: p${at}, value: "${at === 0 ? '{{workflow.name}}' : before + before}" }`;
    });
    const { losses } = dag(say('a', 'x'), `arguments: { parameters: [${list.join(', ')}] },`);
    expect(losses.map(({ message }) => message)).toContain(
      'too long with its tags put in; they stay as text',
    );
  });
});

describe('workflow.name', () => {
  it('is the id of the whole execution in a sub-graph too', () => {
    const { pipeline } = dag(
      '{ name: g, template: sub }',
      '',
      `, { name: sub, steps: [[${say('a', '{{workflow.name}}')}]] }`,
    );
    expect(pipeline.tasks[0]).toMatchObject({
      input: { workflow_name: '${{ execution.id }}' },
      graph: { tasks: [{ input: { parameters: { m: '${{ params.workflow_name }}' } } }] },
    });
  });
});

describe('AnySucceeded and AllFailed', () => {
  const after = (loop: string, depends: string) =>
    dag(
      `${say('a', '{{item}}', `, ${loop}`)}, ${say('b', 'x', `, depends: ${JSON.stringify(depends)}`)}`,
      `arguments: { parameters: [{ name: list, value: "[1]" }] },`,
    );

  it.each([
    ['a.AnySucceeded', 'tasks["a-0"].status == "COMPLETED" || tasks["a-1"].status == "COMPLETED"'],
    [
      'a.AllFailed',
      ['a-0', 'a-1']
        .map((id) => `tasks["${id}"].status in ["FAILED", "TIMEOUT", "REJECTED"]`)
        .join(' && '),
    ],
  ])('%s looks at a node for each item', (depends, when) => {
    const made = after('withItems: [x, y]', depends);
    expect(made.pipeline.tasks.map(({ id }) => id)).toEqual(['a-0', 'a-1', 'b']);
    expect(made.pipeline.tasks[2]).toMatchObject({ dependsOn: ['a-0', 'a-1'], when });
    expect(told(made)).toEqual([]);
  });

  it.each(['a.AnySucceeded', 'a.AllFailed'])(
    '%s of a list that a run gives is a loss',
    (depends) => {
      const [loss] = told(after('withParam: "{{workflow.parameters.list}}"', depends));
      expect(loss).toContain(`[0].dag.tasks[1].depends: ${depends} asks for single items`);
    },
  );
});

describe('templateDefaults', () => {
  it('go into every template that does not say else, and time-outs to no graph', () => {
    const made = read(
      `{ entrypoint: main, templateDefaults: { timeout: 30s, retryStrategy: { limit: 2, backoff: { duration: 1s } }, container: { image: busybox } },
        templates: [{ name: main, dag: { tasks: [{ name: a, template: a }, { name: b, template: b }, { name: c, template: c }] } },
          { name: a, container: { command: [ls] } }, { name: b, timeout: 1m, retryStrategy: { limit: 5 }, container: { image: own, command: [ls] } },
          { name: c, suspend: {} }] }`,
    );
    const retry = { strategy: 'FIXED_DELAY', delay: '1s' };
    expect(made.pipeline.deadline).toBeUndefined();
    expect(made.pipeline.tasks).toMatchObject([
      { timeout: '30s', retry: { ...retry, maxRetries: 2 }, container: { image: 'busybox' } },
      { timeout: '1m', retry: { ...retry, maxRetries: 5 }, container: { image: 'own' } },
      { approval: {} },
    ]);
    expect(made.pipeline.tasks[2]?.container).toBeUndefined();
  });
});

describe('the schedule of a CronWorkflow', () => {
  const command = (spec: string) =>
    convert(
      `{ apiVersion: argoproj.io/v1alpha1, kind: CronWorkflow, metadata: { name: c }, spec: { ${spec}, workflowSpec: { entrypoint: main, templates: [{ name: main, container: { image: i } }] } } }`,
      { from: 'argo' },
    ).losses.filter(({ path }) => /^spec\.(sched|conc)/.test(path));

  it.each([
    ['schedule: "@daily"', '--cron "@daily" --overlap allow-all --catchup-window 10s'],
    [
      'schedules: ["0 1 * * *", "0 2 * * *"], timezone: Europe/Zurich, concurrencyPolicy: Replace, startingDeadlineSeconds: 600, suspend: true',
      '--cron "0 1 * * *" --cron "0 2 * * *" --timezone Europe/Zurich --overlap cancel-other --catchup-window 600s --paused',
    ],
  ])('%s is a command that makes the same', (spec, words) => {
    expect(command(spec).map(({ message }) => message)).toEqual([
      `left out; tempograph schedule create ${words} makes it`,
    ]);
  });

  it('on days of the month or of the week says that both are asked for here', () => {
    expect(command('schedule: "0 0 1 * 1"')[0]?.message).toContain('make a --cron of each');
  });

  it('with a policy that is none names those that are', () => {
    const losses = command('schedule: "@daily", concurrencyPolicy: Never');
    expect(losses.map(({ message }) => message)).toContain(
      'expected Allow, Forbid, Replace, got "Never"; taken as Allow',
    );
  });
});

describe('a workflow of a template', () => {
  it('gives its own values in the place of those of the template, which are no loss', () => {
    const { pipeline, losses } = convert(
      `apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: { name: w }
spec: { workflowTemplateRef: { name: base }, arguments: { parameters: [{ name: x, value: own }] } }
---
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: { name: base }
spec: { entrypoint: a, arguments: { parameters: [{ name: x, value: base }, { name: y, value: base }] }, templates: [{ name: a, suspend: {} }] }`,
      { from: 'argo' },
    );
    expect(pipeline.params).toMatchObject({ x: { default: 'own' }, y: { default: 'base' } });
    expect(losses).toEqual([]);
  });
});

describe('a template that only suspends', () => {
  it.each(['{}', 'null', '{ duration: 5s }'])('is used where a step names it: %s', (suspend) => {
    const { pipeline, losses } = read(
      `{ entrypoint: main, templates: [{ name: main, steps: [[{ name: a, template: ask }]] }, { name: ask, suspend: ${suspend} }] }`,
    );
    expect(pipeline.tasks[0]?.approval).toBeDefined();
    expect(losses).toEqual([]);
  });
});

describe('an entrypoint', () => {
  it('is refused for a file that is none of Argo, in which it would say nothing', () => {
    expect(() => convert('digraph { a -> b }', { entrypoint: 'b' })).toThrow(
      "entrypoint: only Argo's files have templates to begin with, and this one is read as dot; leave it out",
    );
  });
});
