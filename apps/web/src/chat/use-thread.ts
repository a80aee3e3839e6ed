import type { SessionObject, TurnFacts, TurnObject } from '#libs/wire';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { ApiError } from '../api/api-error.js';
import { api } from '../api/calls.js';
import { runs } from '../run-view/run-store.js';
import { sentTurns, type TurnHead } from './sent-turns.js';

const POLL_MS = 5_000;

export interface Thread {
  /** Oldest first, as far back as was loaded. */
  readonly turns: readonly TurnHead[];
  readonly isLoading: boolean;
  readonly error: Error | null;
  readonly hasOlder: boolean;
  /** As the server has it; undefined before its first turn. */
  readonly session: SessionObject | undefined;
  loadOlder(): void;
}

/** The turns of a session: those that the server lists, and behind them those that it was sent since. */
export function useThread(sessionId: string, isNew: boolean): Thread {
  const client = useQueryClient();
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['turns', sessionId],
    queryFn: ({ pageParam }) => turnsOf(sessionId, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    enabled: !isNew,
    staleTime: Infinity,
  });
  const sent = sentTurns.use(sessionId);
  const turns = useMemo(() => merged(data?.pages.flatMap((page) => page.data) ?? [], sent), [data, sent]);
  const session = useSession(sessionId, isNew);
  const last = session?.active_run_id ?? session?.last_run_id ?? undefined;
  const isBehind = data !== undefined && last !== undefined && turns.every(({ runId }) => runId !== last);
  useEffect(() => {
    if (isBehind) void client.invalidateQueries({ queryKey: ['turns', sessionId] });
  }, [isBehind, client, sessionId]);
  return {
    turns,
    isLoading: isPending && !isNew && sent.length === 0,
    error,
    hasOlder: hasNextPage && !isFetchingNextPage,
    session,
    loadOlder: () => void fetchNextPage(),
  };
}

/** Somebody else may go on in the session: another browser, a chat client, a job. */
function useSession(sessionId: string, isNew: boolean): (SessionObject & TurnFacts) | undefined {
  const { data } = useQuery({
    queryKey: ['session', sessionId],
    queryFn: () => api.session(sessionId).catch(noneIfMissing),
    refetchInterval: POLL_MS,
    enabled: !isNew,
  });
  return data ?? undefined;
}

async function turnsOf(sessionId: string, after: string | undefined) {
  const page = (await api.turns(sessionId, after).catch(noneIfMissing)) ?? { data: [], next: null };
  for (const turn of page.data) runs.learn(turn);
  return { data: page.data, next: page.next };
}

/** A session is there once its first message was sent. */
function noneIfMissing(cause: unknown): null {
  if (cause instanceof ApiError && cause.code === 'session_not_found') return null;
  throw cause;
}

function merged(listed: readonly TurnObject[], sent: readonly TurnHead[]): readonly TurnHead[] {
  const heads = listed.map(({ run_id: runId, input }) => ({ runId, input })).reverse();
  const known = new Set(heads.map(({ runId }) => runId));
  return [...heads, ...sent.filter(({ runId }) => !known.has(runId))];
}
