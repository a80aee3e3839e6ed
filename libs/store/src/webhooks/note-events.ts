import { WEBHOOK_LIMITS, type NotedEvent, type WebhookEvent } from '#libs/contract';
import { hash } from 'node:crypto';
import type { SqlQueries } from '../ports.js';
import { storable } from '../storable.js';

const LISTENING = `
select w.id, w.owner, w.events, (
  select count(*)::int from (
    select 1 from webhook_deliveries d where d.webhook_id = w.id and d.due_at is not null limit $2::int
  ) as counted
) as waiting
from webhooks w where w.owner = any($1::text[]) and w.paused_at is null`;

/** A webhook or a run may be deleted meanwhile; then there is nothing to write for it. */
const NOTE = `
insert into webhook_deliveries (id, webhook_id, run_id, event, body, status, attempts, created_at, due_at)
select n.id, n.webhook_id, n.run_id, n.event, n.body, 'pending', 0, $6::bigint, $6::bigint
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) as n (id, webhook_id, run_id, event, body)
where exists (select 1 from webhooks w where w.id = n.webhook_id)
  and not exists (select 1 from deleted_runs where deleted_runs.id = n.run_id)
on conflict (id) do nothing`;

/** One statement: else somebody might resume it before what waits is held. */
const PAUSE = `
with paused as (
  update webhooks set paused_at = $2::bigint, paused_reason = $3 where id = $1 and paused_at is null returning id
)
update webhook_deliveries d set due_at = null from paused
where d.webhook_id = paused.id and d.status = 'pending' and d.due_at is not null`;

interface Listening {
  readonly id: string;
  readonly owner: string;
  readonly events: readonly WebhookEvent[];
  readonly waiting: number;
}

/** Whether one of these owners has a webhook that is not paused. */
export async function hasWebhooks(db: SqlQueries, owners: readonly string[]): Promise<boolean> {
  const sql = 'select 1 from webhooks where owner = any($1::text[]) and paused_at is null limit 1';
  return (await db.query(sql, [owners.map(storable)])).length > 0;
}

/**
 * Puts a delivery on its way to every webhook of the owner that wants the event. An event that is noted again changes
 * nothing, as long as its deliveries are kept. A webhook for which too many wait is paused instead.
 */
export async function noteEvents(db: SqlQueries, noted: readonly NotedEvent[], now: number): Promise<void> {
  if (noted.length === 0) return;
  const owners = [...new Set(noted.map(({ owner }) => storable(owner)))];
  const listening = await db.query<Listening>(LISTENING, [owners, WEBHOOK_LIMITS.waitingMax]);
  const rows: { id: string; hook: string; noted: NotedEvent }[] = [];
  for (const { id: hook, owner, events, waiting } of listening) {
    if (waiting >= WEBHOOK_LIMITS.waitingMax) {
      await db.query(PAUSE, [hook, now, `more than ${WEBHOOK_LIMITS.waitingMax} deliveries waited for it`]);
      continue;
    }
    const wanted = noted.filter((one) => storable(one.owner) === owner && events.includes(one.event));
    rows.push(...wanted.map((one) => ({ id: deliveryId(hook, one), hook, noted: one })));
  }
  if (rows.length === 0) return;
  const column = (of: (row: (typeof rows)[number]) => string): string[] => rows.map(of);
  await db.query(NOTE, [
    column(({ id }) => id),
    column(({ hook }) => hook),
    column(({ noted: { runId } }) => storable(runId)),
    column(({ noted: { event } }) => event),
    column(({ noted: { body } }) => storable(body)),
    now,
  ]);
}

function deliveryId(webhookId: string, { runId, event, part }: NotedEvent): string {
  return `msg_${hash('sha256', JSON.stringify([webhookId, runId, event, part]), 'hex').slice(0, 32)}`;
}
