/** Starts something: a pipeline by its name, a pasted file, or one task. */
import { useId, useState, type SyntheticEvent } from 'react';
import { api, type Problem } from './api.js';
import { parseJson } from './dialog.js';
import { asProblem, usePoll } from './poll.js';
import { ProblemNotice } from './notice.js';
import { Refused } from './refused.js';
import { go, linkTo } from './route.js';
import { S } from './strings/page.js';

const WAYS = [
  ['pipeline', S.byPipeline],
  ['yaml', S.byYaml],
  ['task', S.byTask],
] as const;
type Way = (typeof WAYS)[number][0];

export function SubmitView() {
  const [way, setWay] = useState<Way>('pipeline');
  const [problem, setProblem] = useState<Problem | string>();
  const [busy, setBusy] = useState(false);
  const submit = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const request = requestOf(way, new FormData(event.currentTarget));
    if (typeof request === 'string') return setProblem(request);
    setBusy(true);
    setProblem(undefined);
    api.submit(request).then(
      ({ executionId }) => go(linkTo(['executions', executionId])),
      (error: unknown) => {
        setBusy(false);
        setProblem(asProblem(error));
      },
    );
  };
  return (
    <>
      <div className="title">
        <h1>{S.submit}</h1>
      </div>
      <form className="card submit" onSubmit={submit}>
        <fieldset className="ways">
          <legend className="hidden">{S.submitHow}</legend>
          {WAYS.map(([name, words]) => (
            <label key={name}>
              <input
                type="radio"
                name="way"
                value={name}
                checked={way === name}
                onChange={() => setWay(name)}
              />
              {words}
            </label>
          ))}
        </fieldset>
        {way === 'pipeline' && <PipelineField />}
        {way === 'yaml' && <Text name="yaml" label={S.yaml} rows={14} required />}
        {way === 'task' && <Line name="task" label={S.taskName} required />}
        {way === 'task' ? (
          <Text name="input" label={S.inputJson} rows={5} />
        ) : (
          <Text name="params" label={S.paramsJson} rows={4} />
        )}
        <Line name="project" label={S.project} />
        {problem !== undefined && <Refused problem={problem} />}
        <div className="buttons">
          <button type="submit" className="primary" disabled={busy}>
            {busy ? S.submitting : S.submit}
          </button>
        </div>
      </form>
    </>
  );
}

/** What is sent, or what is wrong with what was typed. */
function requestOf(way: Way, form: FormData): Record<string, unknown> | string {
  const text = (name: string) => {
    const entry = form.get(name);
    return typeof entry === 'string' ? entry : '';
  };
  const request: Record<string, unknown> = { [way]: way === 'yaml' ? text(way) : text(way).trim() };
  const project = text('project').trim();
  if (project) request['project'] = project;
  const name = way === 'task' ? 'input' : 'params';
  if (text(name).trim()) {
    const parsed = parseJson(text(name));
    if ('wrong' in parsed) return S.notJson(parsed.wrong);
    request[name] = parsed.value;
  }
  return request;
}

function PipelineField() {
  const id = useId();
  const { data, problem } = usePoll('pipelines', api.pipelines, null);
  const [chosen, setChosen] = useState('');
  const description = data?.find(({ name }) => name === chosen)?.description;
  return (
    <div className="field">
      <label htmlFor={id}>{S.pipeline}</label>
      <select
        id={id}
        name="pipeline"
        required
        value={chosen}
        onChange={(event) => setChosen(event.target.value)}
      >
        <option value="">{S.choosePipeline}</option>
        {data?.map(({ name }) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <p className="soft description">{data?.length === 0 ? S.noPipelines : description}</p>
      {problem && <ProblemNotice problem={problem} />}
    </div>
  );
}

function Line({ name, label, required }: { name: string; label: string; required?: boolean }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>
        {label} {!required && <span className="soft">({S.optional})</span>}
      </label>
      <input id={id} name={name} required={required} autoComplete="off" />
    </div>
  );
}

interface TextProps {
  name: string;
  label: string;
  rows: number;
  required?: boolean;
}
function Text({ name, label, rows, required }: TextProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>
        {label} {!required && <span className="soft">({S.optional})</span>}
      </label>
      <textarea id={id} name={name} rows={rows} required={required} spellCheck={false} />
    </div>
  );
}
