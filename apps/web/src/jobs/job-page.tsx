import type { JobRunEntry } from '#libs/wire';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { jobsApi } from '../api/calls.js';
import { Markdown } from '../markdown/markdown.js';
import { ErrorCard } from '../ui/error-card.js';
import { More } from '../ui/more.js';
import { Status } from '../ui/status.js';
import { isoMoment, zonedMoment } from './iso-moment.js';
import { JobButtons } from './job-buttons.js';
import { JobForm } from './job-form.js';

const LIVE_MS = 3_000;

/** One job: its schedule, and what came of it each time. */
export function JobPage({ id }: { readonly id: string }) {
  const [isEditing, setIsEditing] = useState(false);
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const { data: job, error } = useQuery({
    queryKey: ['job', id],
    queryFn: () => jobsApi.get(id),
    refetchInterval: LIVE_MS,
  });
  const remove = useMutation({
    mutationFn: () => jobsApi.remove(id),
    onSuccess: async () => {
      navigate('/jobs');
      await client.invalidateQueries({ queryKey: ['jobs'] });
    },
  });
  if (error) return <ErrorCard code="job" message={error.message} />;
  if (!job) return <p className="note pulse">Loading</p>;
  return (
    <main className="page">
      <h1>{job.name}</h1>
      <p>
        <Status value={job.state} /> {job.schedule_display} <span className="note">{job.timezone}</span>
        {job.next_run_at !== null && <>, next {zonedMoment(job.next_run_at, job.timezone)}</>}
      </p>
      <JobButtons job={job} />
      <div className="row">
        <button type="button" className="quiet" onClick={() => setIsEditing(!isEditing)}>
          Edit
        </button>
        <button
          type="button"
          className="quiet"
          onClick={() => {
            if (confirm(`Delete the job "${job.name}" and its history?`)) remove.mutate();
          }}
        >
          Delete
        </button>
      </div>
      {isEditing && <JobForm job={job} onDone={() => setIsEditing(false)} />}
      <h2>Prompt</h2>
      <pre tabIndex={0}>{job.prompt}</pre>
      <h2>History</h2>
      <History id={id} />
    </main>
  );
}

function History({ id }: { readonly id: string }) {
  const { data, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['job-runs', id],
    queryFn: ({ pageParam }) => jobsApi.history(id, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: LIVE_MS,
  });
  const entries = data?.pages.flatMap((page) => page.runs) ?? [];
  return (
    <>
      {entries.length === 0 && <p className="note">It has not run yet.</p>}
      {entries.map((entry, i) => (
        <Entry key={entry.run_id ?? i} entry={entry} />
      ))}
      <More has={hasNextPage} onMore={() => void fetchNextPage()} />
    </>
  );
}

function Entry({ entry }: { readonly entry: JobRunEntry }) {
  const { run_id, status, started_at, scheduled_for, manual, output, error } = entry;
  return (
    <article className="card">
      <p className="row">
        <Status value={status} /> {isoMoment(started_at ?? scheduled_for)}
        {manual && <span className="note">by hand</span>}
        {run_id !== null && <Link href={`/runs/${run_id}`}>run</Link>}
      </p>
      {error && <p role="alert">{error.message}</p>}
      {output !== null && output !== '' && <Markdown text={output} />}
    </article>
  );
}
