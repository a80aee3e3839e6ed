import type { Migration } from './migration.js';

/**
 * A run of a job notes itself that its run was deleted, because the mark in `deleted_runs` goes after some days. The
 * deliveries of a run, those of a webhook that are due, and the forks of a session are found by an index. A webhook
 * counts the attempts that failed since `failing_since`. While it is paused, `due_at` of what waits for it is null.
 */
export const deletionsAndDeliveries: Migration = {
  version: 13,
  name: 'deletions-and-deliveries',
  statements: [
    // Most runs are completed: those are found by the key's own index, and cost no entry here.
    `create index runs_by_status on runs (owner, status, created_at desc, id desc) where status <> 'completed'`,
    `alter table job_runs add column run_deleted_at bigint`,
    `alter table webhooks add column failed_attempts integer not null default 0`,
    `create index sessions_by_fork on sessions (owner, forked_session_id) where forked_session_id is not null`,
    `create index webhook_deliveries_by_run on webhook_deliveries (run_id)`,
    `create index webhook_deliveries_due_by_webhook on webhook_deliveries (webhook_id, due_at)
     where due_at is not null`,
    `create index webhook_deliveries_pending on webhook_deliveries (webhook_id) where status = 'pending'`,
  ],
};
