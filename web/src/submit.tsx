/** Starts something: a pipeline by its name, a pasted file, or one task; a pipeline can be planned before. */
import { useEffect, useId, useMemo, useRef, useState, type SyntheticEvent } from 'react';
import type { GraphForecast } from '../../src/domain/forecast.js';
import { api, Problem, type Pipeline } from './api.js';
import { parseJson } from './dialog.js';
import { graphOf } from './graph-text.js';
import { asProblem, usePoll } from './poll.js';
import { ProblemNotice } from './notice.js';
import { Refused } from './refused.js';
import { go, linkTo, parseRoute } from './route.js';
import { S } from './strings/page.js';
import { P } from './strings/submit.js';
import { ParamsForm } from './submit/params-form.js';
import { UNTYPED, valuesOf, type Specs, type Typed } from './submit/params.js';
import { PlanView } from './submit/plan-view.js';
import { fieldFaults, withoutField } from './submit/server-faults.js';
import './submit/submit.css';

const WAYS = [
  ['pipeline', S.byPipeline],
  ['yaml', S.byYaml],
  ['task', S.byTask],
] as const;
type Way = (typeof WAYS)[number][0];

const NO_PARAMS: Specs = {};

export function SubmitView() {
  const [way, setWay] = useState<Way>('pipeline');
  const [said, setSaid] = useState(() => ({
    ...{ yaml: '', task: '', input: '', project: '' },
    pipeline: parseRoute(location.hash).query.get('pipeline') ?? '',
  }));
  const [typed, setTyped] = useState<Typed>(UNTYPED);
  const [tries, setTries] = useState(0);
  const [problem, setProblem] = useState<Problem | string>();
  const [busy, setBusy] = useState<'submit' | 'plan'>();
  const [planned, setPlanned] = useState<{ of: string; plan: GraphForecast }>();
  const pipelines = usePoll('pipelines', api.pipelines, null);
  const pipeline = pipelines.data?.find(({ name }) => name === said.pipeline);
  const inText = useMemo(() => paramsIn(said.yaml), [said.yaml]);
  const specs = (way === 'yaml' ? inText : pipeline?.params) ?? NO_PARAMS;
  const asksParams = way === 'yaml' ? inText !== undefined : pipeline !== undefined;
  const values = valuesOf(specs, asksParams ? typed : UNTYPED);
  const source = { [way]: way === 'yaml' ? said.yaml : said[way].trim() };
  const subject = JSON.stringify([source, values.params]);
  const form = useFirstFault(tries);

  const set = (name: keyof typeof said) => (text: string) => setSaid({ ...said, [name]: text });
  const start = (name?: string) => {
    setTyped(UNTYPED);
    setTries(0);
    setProblem(undefined);
    if (name !== undefined) set('pipeline')(name);
  };
  const refuse = (why: Problem | string) => {
    setProblem(why);
    setTries(tries + 1);
  };
  const submit = (event: SyntheticEvent<HTMLFormElement, SubmitEvent>) => {
    event.preventDefault();
    const plans = event.nativeEvent.submitter?.getAttribute('value') === 'plan';
    const own = way === 'task' ? inputOf(said.input) : { params: values.params };
    if (typeof own === 'string') return setProblem(own);
    if (way !== 'task' && (values.wrong.size > 0 || values.wrongJson !== undefined)) {
      setProblem(undefined);
      return setTries(tries + 1);
    }
    const request = { ...source, ...own };
    setBusy(plans ? 'plan' : 'submit');
    setProblem(undefined);
    const done = plans
      ? api.plan(request).then((plan) => setPlanned({ of: subject, plan }))
      : api
          .submit({ ...request, ...projectOf(said.project) })
          .then(({ executionId }) => go(linkTo(['executions', executionId])));
    void done.catch((error: unknown) => refuse(asProblem(error))).finally(() => setBusy(undefined));
  };
  const { fields, rest } = fieldFaults(problem, typed.as === 'form' ? specs : NO_PARAMS);
  return (
    <>
      <div className="title">
        <h1>{S.submit}</h1>
      </div>
      <form className="card submit" onSubmit={submit} ref={form}>
        <fieldset className="ways">
          <legend className="hidden">{S.submitHow}</legend>
          {WAYS.map(([name, words]) => (
            <label key={name}>
              <input
                type="radio"
                name="way"
                value={name}
                checked={way === name}
                onChange={() => {
                  start();
                  setWay(name);
                }}
              />
              {words}
            </label>
          ))}
        </fieldset>
        {way === 'pipeline' && (
          <PipelineField {...pipelines} {...{ pipeline }} onChoose={(name) => start(name)} />
        )}
        {way === 'yaml' && (
          <Text label={S.yaml} rows={14} required value={said.yaml} onType={set('yaml')} />
        )}
        {way === 'task' && (
          <>
            <Line label={S.taskName} required value={said.task} onType={set('task')} />
            <Text label={S.inputJson} rows={5} value={said.input} onType={set('input')} />
          </>
        )}
        {way === 'yaml' && !inText && said.yaml.trim() !== '' && <p className="soft">{P.notYet}</p>}
        {asksParams && way !== 'task' && (
          <ParamsForm
            key={`${way} ${said.pipeline}`}
            {...{ specs, typed, values }}
            refused={fields}
            tried={tries > 0}
            onType={(next, name) => {
              setTyped(next);
              setProblem(withoutField(problem, name));
            }}
          />
        )}
        <Line label={S.project} value={said.project} onType={set('project')} />
        {rest !== undefined && <Refused problem={rest} />}
        <div className="buttons">
          <button type="submit" className="primary" disabled={busy !== undefined}>
            {busy === 'submit' ? S.submitting : S.submit}
          </button>
          {way !== 'task' && (
            <button type="submit" value="plan" disabled={busy !== undefined}>
              {busy === 'plan' ? P.planning : P.plan}
            </button>
          )}
        </div>
      </form>
      {planned && way !== 'task' && (
        <PlanView plan={planned.plan} outdated={planned.of !== subject} />
      )}
    </>
  );
}

/** After something was refused, the first field that is wrong has the focus. */
function useFirstFault(tries: number) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (tries > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [tries]);
  return form;
}

/** The parameters of a pasted pipeline; undefined while it cannot be read. */
export function paramsIn(text: string): Specs | undefined {
  const found = text.trim() === '' ? undefined : graphOf(text);
  if (!found || !('graph' in found)) return undefined;
  const { params } = found.graph;
  if (typeof params !== 'object' || params === null) return NO_PARAMS;
  // One JSON Schema of all parameters: a mistake, of which the server says what is meant.
  if (typeof (params as { type?: unknown }).type === 'string') return NO_PARAMS;
  return Object.fromEntries(
    Object.entries(params as Specs).filter(([, spec]) => typeof spec === 'object' && spec !== null),
  );
}

function inputOf(text: string): { input?: unknown } | string {
  if (text.trim() === '') return {};
  const parsed = parseJson(text);
  return 'wrong' in parsed ? S.notJson(parsed.wrong) : { input: parsed.value };
}

const projectOf = (text: string): { project?: string } =>
  text.trim() === '' ? {} : { project: text.trim() };

interface PipelineFieldProps {
  data: Pipeline[] | undefined;
  problem: Problem | undefined;
  pipeline: Pipeline | undefined;
  onChoose: (name: string) => void;
}

function PipelineField({ data, problem, pipeline, onChoose }: PipelineFieldProps) {
  const id = useId();
  const { faults } = pipeline ?? {};
  return (
    <div className="field">
      <label htmlFor={id}>{S.pipeline}</label>
      <select
        id={id}
        required
        value={pipeline?.name ?? ''}
        onChange={(event) => onChoose(event.target.value)}
      >
        <option value="">{S.choosePipeline}</option>
        {data?.map(({ name }) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <p className="soft description">
        {data?.length === 0 ? S.noPipelines : pipeline?.description}
      </p>
      {faults && <Refused problem={new Problem(422, 'SPEC_INVALID', S.refused, faults)} />}
      {problem && <ProblemNotice problem={problem} />}
    </div>
  );
}

interface LineProps {
  label: string;
  value: string;
  required?: boolean;
  onType: (text: string) => void;
}

function Line({ label, value, required, onType }: LineProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>
        {label} {!required && <span className="soft">({S.optional})</span>}
      </label>
      <input
        {...{ id, value, required }}
        autoComplete="off"
        onChange={(event) => onType(event.target.value)}
      />
    </div>
  );
}

function Text({ label, value, required, onType, rows }: LineProps & { rows: number }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>
        {label} {!required && <span className="soft">({S.optional})</span>}
      </label>
      <textarea
        {...{ id, value, required, rows }}
        spellCheck={false}
        onChange={(event) => onType(event.target.value)}
      />
    </div>
  );
}
