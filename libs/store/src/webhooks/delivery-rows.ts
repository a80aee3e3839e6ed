import {
  WEBHOOK_LIMITS,
  type Attempted,
  type DeliveryQuery,
  type LeasedDelivery,
  type Webhook,
  type WebhookDelivery,
} from '#libs/contract';
import type { SqlDatabase, SqlQueries } from '../ports.js';
import { storable } from '../storable.js';
import { HOLD, WEBHOOK_COLUMNS } from './webhook-rows.js';

const DELIVERY_COLUMNS = `d.id, d.webhook_id as "webhookId", d.run_id as "runId", d.event, d.body, d.status,
d.attempts, d.created_at::float8 as "createdAt", d.due_at::float8 as "dueAt", d.last_at::float8 as "lastAt",
d.last_status as "lastStatus", d.error`;

export function listDeliveries(db: SqlQueries, query: DeliveryQuery): Promise<WebhookDelivery[]> {
  const { owner, id, status, limit, after } = query;
  return db.query(
    `select ${DELIVERY_COLUMNS} from webhook_deliveries d join webhooks w on w.id = d.webhook_id
     where w.owner = $1 and w.id = $2 and ($3::text is null or d.status = $3::text)
       and ($4::bigint is null or (d.created_at, d.id) < ($4::bigint, $5::text))
     order by d.created_at desc, d.id desc limit $6::int`,
    [storable(owner), id, status ?? null, after?.createdAt ?? null, after?.id ?? null, limit],
  );
}

// Walks along the index from webhook to webhook for which something waits, and reads the oldest few of each. For those
// that are paused nothing is in the index.
const LEASE = `
with recursive waiting as (
  (select webhook_id from webhook_deliveries where due_at is not null order by webhook_id limit 1)
  union all
  select (
    select next.webhook_id from webhook_deliveries next
    where next.due_at is not null and next.webhook_id > waiting.webhook_id order by next.webhook_id limit 1
  ) from waiting where waiting.webhook_id is not null
), due as (
  select oldest.id, oldest.due_at, row_number() over (partition by w.owner order by oldest.due_at) as place
  from waiting join webhooks w on w.id = waiting.webhook_id cross join lateral (
    select d.id, d.due_at from webhook_deliveries d
    where d.webhook_id = w.id and d.due_at <= $1::bigint
      and not exists (select 1 from deleted_runs where deleted_runs.id = d.run_id)
    order by d.due_at limit $3::int
  ) oldest
  where w.paused_at is null and w.owner <> all($4::text[])
), chosen as (
  select d.id from webhook_deliveries d join due on due.id = d.id
  where due.place <= $3::int order by due.due_at limit $2::int for update of d skip locked
)
update webhook_deliveries d set due_at = $1::bigint + $5::bigint from chosen
where d.id = chosen.id and d.due_at <= $1::bigint returning ${DELIVERY_COLUMNS}`;

interface LeaseQuery {
  readonly limit: number;
  readonly leaseMs: number;
  readonly perOwner: number;
  readonly except: readonly string[];
}

/** Takes due deliveries, those that are due longest first, and puts off when they are due by the lease. */
export async function leaseDeliveries(db: SqlQueries, query: LeaseQuery, now: number): Promise<LeasedDelivery[]> {
  const { limit, leaseMs, perOwner, except } = query;
  const leased = await db.query<WebhookDelivery>(LEASE, [now, limit, perOwner, except.map(storable), leaseMs]);
  if (leased.length === 0) return [];
  const ids = [...new Set(leased.map(({ webhookId }) => webhookId))];
  const rows = await db.query<Webhook>(`select ${WEBHOOK_COLUMNS} from webhooks w where w.id = any($1::text[])`, [ids]);
  const webhooks = new Map(rows.map((webhook) => [webhook.id, webhook]));
  return leased.flatMap((delivery) => {
    const webhook = webhooks.get(delivery.webhookId);
    return webhook ? [{ webhook, delivery }] : [];
  });
}

// A webhook that is paused or resumed meanwhile has to wait, or what is settled here would never be due again.
const LOCK = `
select paused_at is not null as "isPaused" from webhooks
where id = (select webhook_id from webhook_deliveries where id = $1) for no key update`;

const SETTLE = `
update webhook_deliveries set status = $3, attempts = attempts + 1, due_at = $4::bigint, last_at = $5::bigint,
  last_status = $6::int, error = $7
where id = $1 and attempts = $2::int and status = 'pending' returning webhook_id as "webhookId"`;

const SUCCEEDED = `
update webhooks set failing_since = null, failed_attempts = 0 where id = $1 and failing_since is not null`;

/** Whether a webhook fails for so long, and in so many attempts, that this is the last one. */
const IS_LAST = 'failing_since <= $2::bigint - $4::bigint and failed_attempts + 1 >= $6::int';

const FAILED = `
update webhooks set
  failing_since = coalesce(failing_since, $2::bigint),
  failed_attempts = failed_attempts + 1,
  paused_at = case when $3::text is not null or (${IS_LAST}) then $2::bigint end,
  paused_reason = case when $3::text is not null then $3::text
    when ${IS_LAST} then 'every attempt has failed since ' ||
      to_char(to_timestamp(failing_since / 1000) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || ': ' || $5::text end
where id = $1 and paused_at is null returning paused_at is not null as "isPaused"`;

/**
 * Notes what came of an attempt, and of its webhook whether it fails. Who fails for WEBHOOK_LIMITS.failingMs, in at
 * least `failedAttemptsMin` attempts, or wants nothing more, is paused. @returns false when another attempt was noted
 * first.
 */
export function settleDelivery(db: SqlDatabase, attempted: Attempted, now: number): Promise<boolean> {
  const { id, attempts, status, againMs = 0, answer, error, pause = null } = attempted;
  const { failingMs, failedAttemptsMin } = WEBHOOK_LIMITS;
  const why = error === null ? null : storable(error).slice(0, WEBHOOK_LIMITS.reasonCharsMax);
  return db.transaction(async (tx) => {
    const [webhook] = await tx.query<{ isPaused: boolean }>(LOCK, [id]);
    const dueAt = status === 'pending' && webhook?.isPaused === false ? now + againMs : null;
    const [row] = await tx.query<{ webhookId: string }>(SETTLE, [id, attempts, status, dueAt, now, answer, why]);
    if (!row) return false;
    if (status === 'delivered') {
      await tx.query(SUCCEEDED, [row.webhookId]);
      return true;
    }
    const [failed] = await tx.query<{ isPaused: boolean }>(FAILED, [
      row.webhookId,
      now,
      pause,
      failingMs,
      why ?? '',
      failedAttemptsMin,
    ]);
    if (failed?.isPaused) await tx.query(HOLD, [row.webhookId]);
    return true;
  });
}

/** Deletes deliveries made before `before` (ms), at most `limit`. @returns how many. */
export async function deleteDeliveriesBefore(db: SqlQueries, before: number, limit: number): Promise<number> {
  const gone = await db.query(
    `delete from webhook_deliveries where id in (
       select id from webhook_deliveries where created_at < $1::bigint order by created_at limit $2::int
     ) returning 1`,
    [before, limit],
  );
  return gone.length;
}
