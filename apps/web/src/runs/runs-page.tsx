import type { RunSummary } from '#libs/wire';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { api, type RunFilter } from '../api/calls.js';
import { ErrorCard } from '../ui/error-card.js';
import { amount, duration, moment } from '../ui/format.js';
import { More } from '../ui/more.js';
import { Status } from '../ui/status.js';

const LIVE_MS = 3_000;
const STATUSES = ['queued', 'running', 'waiting_for_approval', 'completed', 'incomplete', 'failed', 'cancelled'];

/** Every run of this key, newest first; what goes on is shown as it goes on. */
export function RunsPage({ filter }: { readonly filter: RunFilter }) {
  const [status, setStatus] = useState('');
  const [search, setSearch] = useState('');
  const query = useInfiniteQuery({
    queryKey: ['runs', filter, status],
    queryFn: ({ pageParam }) => api.runs({ ...filter, ...(status !== '' && { status }) }, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    // Only the first page moves: looking at older ones must not ask for all of them again and again.
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 1) > 1 ? false : LIVE_MS),
  });
  const all = query.data?.pages.flatMap(({ data }) => data) ?? [];
  const shown = all.filter((run) => matches(run, search.trim().toLowerCase()));
  return (
    <main className="page">
      <h1>Runs</h1>
      <div className="row">
        <label>
          Status{' '}
          <select value={status} onChange={(event) => setStatus(event.target.value)}>
            <option value="">all</option>
            {STATUSES.map((one) => (
              <option key={one} value={one}>
                {one.replaceAll('_', ' ')}
              </option>
            ))}
          </select>
        </label>
        <input
          type="search"
          aria-label="Search these runs"
          placeholder="Id, model, session, error"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        {(filter.session ?? filter.job) !== undefined && <Link href="/runs">All runs</Link>}
      </div>
      {query.error && <ErrorCard code="runs" message={query.error.message} />}
      <RunTable runs={shown} />
      {!query.isPending && shown.length === 0 && <p className="note">No runs.</p>}
      <More has={query.hasNextPage} onMore={() => void query.fetchNextPage()} />
    </main>
  );
}

function matches(run: RunSummary, text: string): boolean {
  const { run_id, model, session_id, job_id, protocol, error } = run;
  return [run_id, model, session_id, job_id, protocol, error?.code, error?.message].some((value) =>
    value?.toLowerCase().includes(text),
  );
}

function RunTable({ runs }: { readonly runs: readonly RunSummary[] }) {
  return (
    <div className="table" tabIndex={0} role="group" aria-label="Runs">
      <table>
        <thead>
          <tr>
            <th>Status</th>
            <th>Begun</th>
            <th>Took</th>
            <th>Model</th>
            <th>Source</th>
            <th>Session</th>
            <th>Attempt</th>
            <th>Tokens</th>
            <th>Cost</th>
            <th>Upstream</th>
            <th>Run</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <RunRow key={run.run_id} run={run} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function RunRow({ run }: { readonly run: RunSummary }) {
  const {
    run_id,
    status,
    created_at,
    ended_at,
    model,
    protocol,
    session_id,
    job_id,
    attempt,
    usage,
    error,
    served_by,
    cost,
  } = run;
  const took = (ended_at ?? Date.now() / 1_000) - created_at;
  return (
    <tr>
      <td>
        <Status value={status} />
        {error && <div className="note">{error.code}</div>}
      </td>
      <td>{moment(created_at)}</td>
      <td>{duration(took)}</td>
      <td>{model}</td>
      <td>{job_id === null ? protocol : <Link href={`/jobs/${encodeURIComponent(job_id)}`}>job</Link>}</td>
      <td className="short">
        {session_id !== null && <Link href={`/chat/${encodeURIComponent(session_id)}`}>{session_id}</Link>}
      </td>
      <td>{attempt === undefined || attempt === 0 ? '' : attempt}</td>
      <td>{usage && usage.total_tokens > 0 ? usage.total_tokens.toLocaleString() : ''}</td>
      <td>{typeof cost === 'number' ? amount(cost) : ''}</td>
      <td>{served_by}</td>
      <td className="short">
        <Link href={`/runs/${run_id}`}>{run_id}</Link>
      </td>
    </tr>
  );
}
