/**
 * Fields of the records of the Hermes jobs API that say nothing to this gateway. Clients send records back as they got
 * them, so these are not refused: the answer names them in `warnings`.
 */
export const HERMES_FIELDS: ReadonlySet<string> = new Set([
  'id',
  'provider',
  'base_url',
  'script',
  'no_agent',
  'workdir',
  'context_from',
  'schedule_display',
  'state',
  'paused_at',
  'paused_reason',
  'created_at',
  'next_run_at',
  'last_run_id',
  'last_run_at',
  'last_status',
  'last_error',
  'last_delivery_error',
  'origin',
  'enabled_toolsets',
]);
