/**
 * What tasks kept beside their outputs. Only text, JSON and images are shown, as text and as pictures: the bytes are
 * somebody else's, and none of them becomes markup of this page.
 */
import { useEffect, useState } from 'react';
import type { NodeArtifact } from '../../src/domain/artifact.js';
import { api, type Problem } from './api.js';
import { Empty, Loading, ProblemNotice } from './notice.js';
import { asProblem, usePoll } from './poll.js';
import { S } from './strings/page.js';

/** As much of a text as is shown. */
const TEXT_MOST = 64 * 1_024;
const PICTURE_MOST = 10 * 2 ** 20;
const TEXTS = /^(text\/|application\/(json|x-ndjson|xml|yaml|javascript|toml)|[^;]*\+(json|xml)\b)/;
const PICTURES = /^image\/(png|jpeg|gif|webp|avif|svg\+xml)\b/;

interface Props {
  executionId: string;
  nodeId?: string;
  /** Asked again when that changes. */
  version: string;
}

export function Artifacts({ executionId, nodeId, version }: Props) {
  const { data, problem } = usePoll(
    `${executionId} ${version}`,
    (signal) => api.artifacts(executionId, signal),
    null,
  );
  const shown = data?.filter((one) => nodeId === undefined || one.nodeId === nodeId);
  return (
    <section className="artifacts" aria-label={S.artifacts}>
      {nodeId !== undefined && <h3>{S.artifacts}</h3>}
      {problem && <ProblemNotice problem={problem} />}
      {!data && !problem && <Loading />}
      {shown?.length === 0 && <Empty text={S.noArtifacts} />}
      <ul className="cards">
        {shown?.map((one) => (
          <li key={`${one.nodeId} ${one.name}`} className="card">
            <One {...{ executionId, one }} withNode={nodeId === undefined} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function One({
  executionId,
  one,
  withNode,
}: {
  executionId: string;
  one: NodeArtifact;
  withNode: boolean;
}) {
  const [open, setOpen] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const kind = kindOf(one);
  const save = () =>
    void fetched(executionId, one).then(
      (blob) => download(blob, one.name),
      (error: unknown) => setProblem(asProblem(error)),
    );
  return (
    <>
      <p>
        <strong>{one.name}</strong>{' '}
        <span className="soft small">
          {withNode && `${one.nodeId} · `}
          {one.contentType} · {S.bytes(one.bytes)}
        </span>
      </p>
      <div className="buttons">
        {kind && (
          <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
            {S.preview}
            <span className="hidden"> {one.name}</span>
          </button>
        )}
        <button type="button" onClick={save}>
          {S.download}
          <span className="hidden"> {one.name}</span>
        </button>
      </div>
      {problem && <ProblemNotice problem={problem} />}
      {open && kind && <Preview key={one.ref} {...{ executionId, one, kind }} />}
    </>
  );
}

type Kind = 'text' | 'json' | 'picture';

function kindOf({ contentType, bytes }: NodeArtifact): Kind | undefined {
  if (PICTURES.test(contentType)) return bytes <= PICTURE_MOST ? 'picture' : undefined;
  if (/^application\/json\b|\+json\b/.test(contentType)) return 'json';
  return TEXTS.test(contentType) ? 'text' : undefined;
}

interface PreviewProps {
  executionId: string;
  one: NodeArtifact;
  kind: Kind;
}

function Preview({ executionId, one, kind }: PreviewProps) {
  const [shown, setShown] = useState<{ text?: string; url?: string; problem?: Problem }>();
  useEffect(() => {
    let url: string | undefined;
    let wanted = true;
    const most = kind === 'picture' ? undefined : TEXT_MOST;
    fetched(executionId, one, most)
      .then(async (blob) => {
        const text = kind === 'picture' ? undefined : await blob.text();
        if (!wanted) return;
        if (text !== undefined) return setShown({ text: kind === 'json' ? indented(text) : text });
        // As a picture alone: scripts of an SVG do not run in one.
        url = URL.createObjectURL(new Blob([blob], { type: one.contentType }));
        setShown({ url });
      })
      .catch((error: unknown) => wanted && setShown({ problem: asProblem(error) }));
    return () => {
      wanted = false;
      if (url) URL.revokeObjectURL(url);
    };
  }, [executionId, one, kind]);
  if (!shown) return <Loading />;
  if (shown.problem) return <ProblemNotice problem={shown.problem} />;
  if (shown.url) return <img className="picture" src={shown.url} alt={one.name} />;
  return (
    <>
      <pre className="code" tabIndex={0} role="region" aria-label={`${S.preview} ${one.name}`}>
        {shown.text}
      </pre>
      {one.bytes > TEXT_MOST && <p className="soft small">{S.onlyBeginning}</p>}
    </>
  );
}

async function fetched(executionId: string, one: NodeArtifact, most?: number): Promise<Blob> {
  // A range of nothing is none.
  const part = most === undefined || one.bytes <= most ? undefined : most;
  return await (await api.artifact(executionId, one.nodeId, one.name, part)).blob();
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function download(blob: Blob, name: string): void {
  const link = document.createElement('a');
  // Of no type that a browser would open as a page.
  link.href = URL.createObjectURL(new Blob([blob], { type: 'application/octet-stream' }));
  link.download = name.slice(name.lastIndexOf('/') + 1);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
