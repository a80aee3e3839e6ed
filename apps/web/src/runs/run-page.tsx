import type { RunFrame, TurnObject } from '#libs/wire';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { Link } from 'wouter';
import { api } from '../api/calls.js';
import { Answer } from '../chat/answer.js';
import { imagesOf, userText } from '../chat/message-text.js';
import { follow } from '../live/follow.js';
import { runs } from '../run-view/run-store.js';
import { isOver, type RunView } from '../run-view/run-view.js';
import { useRun } from '../run-view/use-run.js';
import { ErrorCard } from '../ui/error-card.js';
import { amount, count, duration, moment } from '../ui/format.js';
import { Status } from '../ui/status.js';
import { Rerun } from './rerun.js';
import { TimelineChart } from './timeline-chart.js';
import { spansOf } from './timeline.js';
import { useRunEvents } from './use-run-events.js';

/** One run: how it stands, where its time went, what it was asked and what it said. */
export function RunPage({ runId }: { readonly runId: string }) {
  const { data, error } = useQuery({
    queryKey: ['turn', runId],
    queryFn: async () => {
      const turn = await api.turn(runId);
      runs.learn(turn);
      return turn;
    },
  });
  return (
    <main className="page">
      <h1>Run</h1>
      <p className="note">
        <code>{runId}</code>
      </p>
      {error && <ErrorCard code="run" message={error.message} />}
      {data && <Details turn={data} />}
    </main>
  );
}

function Details({ turn }: { readonly turn: TurnObject }) {
  const runId = turn.run_id;
  const view = useRun(runId);
  useEffect(() => follow(runId), [runId]);
  const frames = useRunEvents(runId);
  const spans = useMemo(() => spansOf(frames), [frames]);
  const stop = useMutation({ mutationFn: () => api.stop(runId) });
  return (
    <>
      <Facts turn={turn} view={view} />
      <div className="row">
        {!isOver(view) && (
          <button type="button" className="danger" disabled={stop.isPending} onClick={() => stop.mutate()}>
            Stop
          </button>
        )}
        {turn.session_id !== null && (
          <Link href={`/chat/${encodeURIComponent(turn.session_id)}`}>Open its session</Link>
        )}
        {turn.job_id !== null && <Link href={`/jobs/${encodeURIComponent(turn.job_id)}`}>Open its job</Link>}
        {turn.parent_run_id !== null && <Link href={`/runs/${turn.parent_run_id}`}>The run before it</Link>}
        {turn.rerun_of && (
          <Link href={`/runs/${turn.rerun_of.run_id}`}>
            Repeats another run from its step {turn.rerun_of.steps + 1}
          </Link>
        )}
      </div>
      {view.error && <ErrorCard code={view.error.code} message={view.error.message} />}
      <h2>Timeline</h2>
      <TimelineChart spans={spans} />
      <RawEvents frames={frames} />
      {isOver(view) && <Rerun view={view} />}
      <h2>Input</h2>
      <pre tabIndex={0}>{userText(turn.input)}</pre>
      {imagesOf(turn.input).length > 0 && <p className="note">{imagesOf(turn.input).length} pictures</p>}
      <h2>Output</h2>
      <Answer view={view} />
    </>
  );
}

function Facts({ turn, view }: { readonly turn: TurnObject; readonly view: RunView }) {
  const facts: readonly (readonly [string, string])[] = [
    ['Model', view.model || turn.model],
    ['Protocol', turn.protocol],
    ['Begun', moment(turn.created_at)],
    ['Took', duration((view.endedAt ?? Date.now() / 1_000) - turn.created_at)],
    ['Attempt', String(view.attempt)],
    ...(turn.served_by === undefined ? [] : [['Upstream', turn.served_by] as const]),
    ...(typeof turn.latency?.first_token_ms === 'number'
      ? [['First word after', duration(turn.latency.first_token_ms / 1_000)] as const]
      : []),
    ['Tokens read', count(view.usage?.input_tokens ?? 0)],
    ['of these cached', count(view.usage?.input_tokens_details.cached_tokens ?? 0)],
    ['Tokens written', count(view.usage?.output_tokens ?? 0)],
    ['of these reasoning', count(view.usage?.output_tokens_details.reasoning_tokens ?? 0)],
    ...(typeof turn.cost === 'number' ? [['Cost', amount(turn.cost)] as const] : []),
  ];
  return (
    <dl className="facts">
      <div>
        <dt>Status</dt>
        <dd>
          <Status value={view.status} />
        </dd>
      </div>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const RAW_SHOWN = 500;

function RawEvents({ frames }: { readonly frames: readonly RunFrame[] }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>{count(frames.length)} events</summary>
      {isOpen && (
        <pre tabIndex={0}>
          {frames
            .slice(-RAW_SHOWN)
            .map((frame) => JSON.stringify(frame))
            .join('\n')}
        </pre>
      )}
    </details>
  );
}
