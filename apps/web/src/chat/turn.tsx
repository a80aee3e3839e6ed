import { useQuery } from '@tanstack/react-query';
import { memo, useEffect, type ReactNode } from 'react';
import { api } from '../api/calls.js';
import { follow } from '../live/follow.js';
import { useRun } from '../run-view/use-run.js';
import { isOver, type RunView } from '../run-view/run-view.js';
import { CopyButton } from '../ui/copy-button.js';
import { ErrorCard } from '../ui/error-card.js';
import { amount, count, duration } from '../ui/format.js';
import { Answer } from './answer.js';
import { fileName, filesOf, imagesOf, userText } from './message-text.js';
import type { TurnHead } from './sent-turns.js';

export interface TurnActions {
  /** Says the same again, from before this turn. */
  retry(turn: TurnHead): void;
  /** Puts the turn's text into the message box; sending it begins a branch from before this turn. */
  edit(turn: TurnHead): void;
  /** A new session that goes on from this turn. */
  fork(turn: TurnHead): void;
}

/** One message of the user and what came of it. */
export const TurnCard = memo(function TurnCard({
  turn,
  actions,
}: {
  readonly turn: TurnHead;
  readonly actions: TurnActions;
}) {
  const view = useRun(turn.runId);
  useEffect(() => follow(turn.runId), [turn.runId]);
  const isDone = isOver(view);
  return (
    <article className="turn" aria-busy={!isDone}>
      <Question turn={turn} />
      <div className="answer" data-run={turn.runId} data-status={view.status}>
        <Answer view={view} />
        <State view={view}>
          <button type="button" onClick={() => actions.retry(turn)}>
            Retry
          </button>
        </State>
        {isDone && (
          <div className="row quiet-row">
            <CopyButton text={answerText(view)} />
            <button type="button" className="quiet" onClick={() => actions.retry(turn)}>
              Retry
            </button>
            <button type="button" className="quiet" onClick={() => actions.edit(turn)}>
              Edit
            </button>
            <button type="button" className="quiet" onClick={() => actions.fork(turn)}>
              Fork here
            </button>
            <Cost view={view} />
          </div>
        )}
      </div>
    </article>
  );
});

function Question({ turn }: { readonly turn: TurnHead }) {
  return (
    <div className="question">
      <h3 className="sr-only">You</h3>
      {imagesOf(turn.input).map((url, i) =>
        url.startsWith('data:image/') ? <img key={i} src={url} alt={`Picture ${i + 1} of your message`} /> : null,
      )}
      {filesOf(turn.input).map((file, i) => (
        <p key={i} className="note">
          File: {fileName(file)}
        </p>
      ))}
      <p>{userText(turn.input)}</p>
    </div>
  );
}

/** What the run is doing, or how it ended when that is not plainly well. */
function State({ view, children }: { readonly view: RunView; readonly children: ReactNode }) {
  switch (view.status) {
    case 'queued':
      return <p className="note pulse">{view.lastSeq > 0 ? 'Waiting for its turn' : 'Sent'}</p>;
    case 'running':
      return view.items.length === 0 ? <p className="note pulse">Working</p> : null;
    case 'waiting_for_approval':
    case 'completed':
      return null;
    case 'cancelled':
      return <p className="note">Stopped.</p>;
    case 'incomplete':
      return <p className="note">Cut off: {(view.reason ?? 'no reason given').replaceAll('_', ' ')}.</p>;
    case 'failed': {
      const { code = 'failed', message = 'The run failed.' } = view.error ?? {};
      return (
        <ErrorCard code={code} message={message}>
          {children}
        </ErrorCard>
      );
    }
  }
}

function Cost({ view }: { readonly view: RunView }) {
  const { usage, model, createdAt, endedAt, pendingSteer } = view;
  const cost = useCost(view);
  if (!usage) return null;
  const took = createdAt !== undefined && endedAt !== undefined ? ` in ${duration(endedAt - createdAt)}` : '';
  return (
    <span className="note">
      {model}: {count(usage.input_tokens)} tokens read, {count(usage.output_tokens)} written{took}
      {cost !== null && `, cost ${amount(cost)}`}
      {pendingSteer !== undefined && '. Your last words came too late for the model.'}
    </span>
  );
}

/** Events do not tell what a run has cost: a turn that was seen to its end asks once. null: no price, or not known. */
function useCost({ runId, cost }: RunView): number | null {
  const { data } = useQuery({
    queryKey: ['cost', runId],
    queryFn: async () => (await api.run(runId)).cost ?? null,
    enabled: cost === undefined,
    staleTime: Infinity,
    retry: false,
  });
  return cost ?? data ?? null;
}

const answerText = ({ items }: RunView): string =>
  items.flatMap((item) => (item.type === 'message' && item.status !== 'interrupted' ? [item.text] : [])).join('\n\n');
