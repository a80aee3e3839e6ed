import type { NewWebhook, Webhook, WebhookChange, WebhookPlace, WebhookRef } from '#libs/contract';
import type { SqlDatabase, SqlQueries } from '../ports.js';
import { storable } from '../storable.js';

/** The columns of a webhook as `Webhook` names them; the table is `w`. */
export const WEBHOOK_COLUMNS = `w.id, w.owner, w.url, w.events, w.description, w.created_at::float8 as "createdAt",
w.updated_at::float8 as "updatedAt", w.secret_version as "secretVersion",
w.former_secret_until::float8 as "formerSecretUntil", w.paused_at::float8 as "pausedAt",
w.paused_reason as "pausedReason", w.failing_since::float8 as "failingSince"`;

/** Counts and writes under a lock of the owner, so that two requests at once do not pass the bound together. */
export function createWebhook(
  db: SqlDatabase,
  { webhook, max }: { readonly webhook: NewWebhook; readonly max: number },
  now: number,
): Promise<Webhook | 'full'> {
  const owner = storable(webhook.owner);
  return db.transaction(async (tx) => {
    await tx.query(
      'insert into webhook_owners (owner) values ($1) on conflict (owner) do update set owner = excluded.owner',
      [owner],
    );
    const [row] = await tx.query<{ count: number }>('select count(*)::int as count from webhooks where owner = $1', [
      owner,
    ]);
    if ((row?.count ?? 0) >= max) return 'full';
    const [made] = await tx.query<Webhook>(
      `insert into webhooks as w (id, owner, url, events, description, created_at, updated_at, secret_version)
       values ($1, $2, $3, $4::text[], $5, $6::bigint, $6::bigint, 1) returning ${WEBHOOK_COLUMNS}`,
      [webhook.id, owner, webhook.url, webhook.events, storable(webhook.description), now],
    );
    if (!made) throw new Error('the database did not return the webhook that it wrote');
    return made;
  });
}

export async function getWebhook(db: SqlQueries, { owner, id }: WebhookRef): Promise<Webhook | undefined> {
  const [found] = await db.query<Webhook>(
    `select ${WEBHOOK_COLUMNS} from webhooks w where w.owner = $1 and w.id = $2`,
    [storable(owner), id],
  );
  return found;
}

export function listWebhooks(
  db: SqlQueries,
  { owner, limit, after }: { readonly owner: string; readonly limit: number; readonly after?: WebhookPlace },
): Promise<Webhook[]> {
  return db.query(
    `select ${WEBHOOK_COLUMNS} from webhooks w
     where w.owner = $1 and ($2::bigint is null or (w.created_at, w.id) < ($2::bigint, $3::text))
     order by w.created_at desc, w.id desc limit $4::int`,
    [storable(owner), after?.createdAt ?? null, after?.id ?? null, limit],
  );
}

/** Takes what waits for a paused webhook out of the index of what is due; after it, in the same transaction. */
export const HOLD = `
update webhook_deliveries set due_at = null where webhook_id = $1 and status = 'pending' and due_at is not null`;

const RELEASE = `
update webhook_deliveries set due_at = $2::bigint where webhook_id = $1 and status = 'pending' and due_at is null`;

const CHANGE = `
update webhooks as w set
  url = coalesce($3, w.url),
  events = coalesce($4::text[], w.events),
  description = coalesce($5, w.description),
  paused_at = case $6 when 'pause' then coalesce(w.paused_at, $8::bigint) when 'resume' then null else w.paused_at end,
  paused_reason = case $6 when 'pause' then $7 when 'resume' then null else w.paused_reason end,
  failing_since = case when $6 = 'resume' or $3 <> w.url then null else w.failing_since end,
  failed_attempts = case when $6 = 'resume' or $3 <> w.url then 0 else w.failed_attempts end,
  secret_version = w.secret_version + case when $9::bigint is null then 0 else 1 end,
  former_secret_until = coalesce($8::bigint + $9::bigint, w.former_secret_until),
  updated_at = $8::bigint
where w.owner = $1 and w.id = $2 returning ${WEBHOOK_COLUMNS}`;

/** Changes a webhook. While it is paused nothing that waits for it is due; when it is resumed, all of it is. */
export function changeWebhook(
  db: SqlDatabase,
  { owner, id }: WebhookRef,
  { url, events, description, pause, rotate }: WebhookChange,
  now: number,
): Promise<Webhook | undefined> {
  const step = pause === undefined ? 'none' : pause === null ? 'resume' : 'pause';
  const said = description === undefined ? null : storable(description);
  const reason = typeof pause === 'string' ? storable(pause) : null;
  const params = [storable(owner), id, url ?? null, events ?? null, said, step, reason, now, rotate?.overlapMs ?? null];
  return db.transaction(async (tx) => {
    const [changed] = await tx.query<Webhook>(CHANGE, params);
    if (changed && step === 'pause') await tx.query(HOLD, [id]);
    if (changed && step === 'resume') await tx.query(RELEASE, [id, now]);
    return changed;
  });
}

/** Deliveries of one statement: an embedded database does nothing else meanwhile. */
const REMOVED_MAX = 1_000;

const STOP = `
update webhooks set paused_at = coalesce(paused_at, $3::bigint), paused_reason = coalesce(paused_reason, 'it is deleted')
where owner = $1 and id = $2 returning 1`;

const EMPTY = `
delete from webhook_deliveries where id in (
  select id from webhook_deliveries where webhook_id = $1 limit ${REMOVED_MAX}
) returning 1`;

/**
 * Deletes a webhook. Its deliveries go first, in batches, because there may be more than one statement has the time
 * for; it is paused meanwhile, and a deletion that broke off can be repeated. @returns whether there was one.
 */
export async function removeWebhook(db: SqlQueries, { owner, id }: WebhookRef, now: number): Promise<boolean> {
  const params = [storable(owner), id];
  if ((await db.query(STOP, [...params, now])).length === 0) return false;
  while ((await db.query(EMPTY, [id])).length > 0);
  return (await db.query('delete from webhooks where owner = $1 and id = $2 returning 1', params)).length > 0;
}
