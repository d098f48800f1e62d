/** The pipelines that the server runs by name, each with what it takes. */
import { api, Problem } from '../api.js';
import { Loading, ProblemNotice } from '../notice.js';
import { usePoll } from '../poll.js';
import { Refused } from '../refused.js';
import { linkTo } from '../route.js';
import { K } from '../strings/catalogue.js';
import { S } from '../strings/page.js';
import { ParamsTable } from './params-table.js';

export function Pipelines({ text }: { text: string }) {
  const { data, problem, refresh } = usePoll('pipelines', api.pipelines, null);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = data?.filter(({ name, description = '' }) =>
    words.every((word) => `${name} ${description}`.toLowerCase().includes(word)),
  );
  return (
    <section className="card" aria-label={K.pipelines}>
      <h2>{K.pipelines}</h2>
      {problem && <ProblemNotice problem={problem} onRetry={refresh} />}
      {!data && !problem && <Loading />}
      {found?.length === 0 && <p className="soft">{K.noPipelines}</p>}
      <ul className="plain-list">
        {found?.map(({ name, description, params, faults }) => (
          <li key={name} data-pipeline={name}>
            <div className="pipeline">
              <div>
                <strong>{name}</strong> <span className="soft">{description}</span>
              </div>
              <div className="buttons">
                <a className="button" href={linkTo(['submit'], { pipeline: name })}>
                  {K.run} <span className="hidden">{name}</span>
                </a>
                <a className="button" href={linkTo(['schedules'], { new: 'yes', pipeline: name })}>
                  {K.schedule} <span className="hidden">{name}</span>
                </a>
              </div>
            </div>
            {faults ? (
              <Refused problem={new Problem(422, 'SPEC_INVALID', S.refused, faults)} />
            ) : (
              <details>
                <summary>
                  {K.params} ({Object.keys(params).length})<span className="hidden"> {name}</span>
                </summary>
                <ParamsTable params={params} />
              </details>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
