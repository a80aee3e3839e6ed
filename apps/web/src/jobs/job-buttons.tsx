import type { JobObject } from '#libs/wire';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { jobsApi } from '../api/calls.js';

/** Run now, pause, resume. */
export function JobButtons({ job }: { readonly job: JobObject }) {
  const client = useQueryClient();
  const act = useMutation({
    mutationFn: (verb: 'pause' | 'resume' | 'run') => jobsApi.act(job.id, verb),
    onSuccess: () =>
      Promise.all(['jobs', 'job', 'job-runs'].map((name) => client.invalidateQueries({ queryKey: [name] }))),
  });
  return (
    <div className="row">
      <button type="button" disabled={act.isPending} onClick={() => act.mutate('run')}>
        Run now
      </button>
      {job.state === 'scheduled' && (
        <button type="button" disabled={act.isPending} onClick={() => act.mutate('pause')}>
          Pause
        </button>
      )}
      {job.state === 'paused' && (
        <button type="button" disabled={act.isPending} onClick={() => act.mutate('resume')}>
          Resume
        </button>
      )}
      {act.error && <span role="alert">{act.error.message}</span>}
    </div>
  );
}
