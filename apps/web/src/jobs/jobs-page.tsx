import type { JobObject } from '#libs/wire';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { jobsApi } from '../api/calls.js';
import { ErrorCard } from '../ui/error-card.js';
import { More } from '../ui/more.js';
import { Status } from '../ui/status.js';
import { isoMoment, zonedMoment } from './iso-moment.js';
import { JobForm } from './job-form.js';
import { JobButtons } from './job-buttons.js';

const LIVE_MS = 5_000;

/** The cron jobs of this key. */
export function JobsPage() {
  const [isNew, setIsNew] = useState(false);
  const { data, error, isPending, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['jobs'],
    queryFn: ({ pageParam }) => jobsApi.list(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: LIVE_MS,
  });
  const jobs = data?.pages.flatMap((page) => page.jobs) ?? [];
  return (
    <main className="page">
      <h1>Jobs</h1>
      {isNew ? (
        <JobForm onDone={() => setIsNew(false)} />
      ) : (
        <button type="button" className="primary" onClick={() => setIsNew(true)}>
          New job
        </button>
      )}
      {error && <ErrorCard code="jobs" message={error.message} />}
      {!isPending && jobs.length === 0 && <p className="note">No jobs yet: a job is a prompt and a schedule.</p>}
      {jobs.length > 0 && <JobTable jobs={jobs} />}
      <More has={hasNextPage} onMore={() => void fetchNextPage()} />
    </main>
  );
}

function JobTable({ jobs }: { readonly jobs: readonly JobObject[] }) {
  return (
    <div className="table" tabIndex={0} role="group" aria-label="Jobs">
      <table>
        <thead>
          <tr>
            <th>Job</th>
            <th>State</th>
            <th>Schedule</th>
            <th>Next</th>
            <th>Last</th>
            <th>
              <span className="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.id}>
              <td>
                <Link href={`/jobs/${encodeURIComponent(job.id)}`}>{job.name}</Link>
              </td>
              <td>
                <Status value={job.state} />
              </td>
              <td>
                {job.schedule_display} <span className="note">{job.timezone}</span>
              </td>
              <td>{zonedMoment(job.next_run_at, job.timezone)}</td>
              <td>
                {job.last_run_at !== null && `${isoMoment(job.last_run_at)}, ${job.last_status ?? 'going on'}`}
                {job.last_error !== null && <div className="note">{job.last_error}</div>}
              </td>
              <td>
                <JobButtons job={job} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
