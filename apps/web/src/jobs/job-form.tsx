import type { JobObject } from '#libs/wire';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { jobsApi, type JobDraft } from '../api/calls.js';
import { SchedulePreview } from './schedule-preview.js';

const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Makes a job, or changes one. */
export function JobForm({ job, onDone }: { readonly job?: JobObject; readonly onDone: () => void }) {
  const client = useQueryClient();
  const [draft, setDraft] = useState<JobDraft>(() => draftOf(job));
  const [idempotencyKey] = useState(() => crypto.randomUUID());
  const [isRelated] = useState(() => job !== undefined);
  const save = useMutation({
    mutationFn: () => (job ? jobsApi.update(job.id, changes(job, draft)) : jobsApi.create(draft, idempotencyKey)),
    onSuccess: async () => {
      await Promise.all(['jobs', 'job'].map((name) => client.invalidateQueries({ queryKey: [name] })));
      onDone();
    },
  });
  const field = (name: keyof JobDraft) => ({
    id: `job-${name}`,
    value: draft[name] ?? '',
    onChange: (event: { readonly target: { readonly value: string } }) =>
      setDraft({ ...draft, [name]: event.target.value }),
  });
  return (
    <form
      className="card form"
      aria-label={isRelated ? 'Edit job' : 'New job'}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <label htmlFor="job-name">Name</label>
      <input required maxLength={200} {...field('name')} />
      <label htmlFor="job-schedule">Schedule</label>
      <input required placeholder="every monday 9am, in 30m, 0 9 * * 1-5" {...field('schedule')} />
      <label htmlFor="job-timezone">Time zone</label>
      <input required {...field('timezone')} />
      <SchedulePreview schedule={draft.schedule} timezone={draft.timezone} />
      <label htmlFor="job-prompt">Prompt</label>
      <textarea required rows={4} maxLength={5_000} {...field('prompt')} />
      <label htmlFor="job-deliver">Deliver to</label>
      <input required {...field('deliver')} />
      <div className="row">
        <button type="submit" className="primary" disabled={save.isPending}>
          Save
        </button>
        <button type="button" onClick={onDone}>
          Cancel
        </button>
      </div>
      {save.error && <p role="alert">{save.error.message}</p>}
    </form>
  );
}

function draftOf(job: JobObject | undefined): JobDraft {
  if (!job) return { name: '', prompt: '', schedule: '', timezone: ownZone(), deliver: 'local' };
  const { name, prompt, schedule_display: schedule, timezone, deliver } = job;
  return { name, prompt, schedule, timezone, deliver };
}

/** Only what was changed: the words for a schedule need not be what it was made of. */
function changes(job: JobObject, draft: JobDraft): Partial<JobDraft> {
  const before = draftOf(job);
  const keys = ['name', 'prompt', 'schedule', 'timezone', 'deliver'] as const;
  return Object.fromEntries(keys.filter((key) => before[key] !== draft[key]).map((key) => [key, draft[key]]));
}
