import type { SessionObject } from '#libs/wire';
import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/calls.js';
import { useRun } from '../../run-view/use-run.js';
import { amount, count } from '../../ui/format.js';

/** What the session has used, and how full the model's window is after its last answer. */
export function SessionMeter(props: { readonly session: SessionObject | undefined; readonly lastRun: string }) {
  const { session, lastRun } = props;
  return (
    <p className="meter note" role="group" aria-label="Usage of this session">
      {session && session.usage.total_tokens > 0 && (
        <span>
          {count(session.usage.input_tokens)} tokens read, {count(session.usage.output_tokens)} written
          {session.cost !== null && `, cost ${amount(session.cost)}`}
        </span>
      )}
      <ContextMeter runId={lastRun} />
    </p>
  );
}

/** Shown where the model's window is known. */
function ContextMeter({ runId }: { readonly runId: string }) {
  const { route, contextTokens } = useRun(runId);
  const { data } = useQuery({ queryKey: ['models'], queryFn: api.models, staleTime: 30_000 });
  const length = data?.data.find(({ id }) => id === route)?.context_length;
  if (contextTokens === undefined) return null;
  if (length === undefined) return <span>Context {count(contextTokens)} tokens</span>;
  return (
    <span>
      <meter
        min={0}
        max={length}
        high={length * 0.8}
        value={Math.min(contextTokens, length)}
        aria-label="Context in use"
      />{' '}
      Context {Math.round((contextTokens / length) * 100)} % of {count(length)} tokens
    </span>
  );
}
