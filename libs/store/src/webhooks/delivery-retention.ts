import { WEBHOOK_LIMITS } from '#libs/contract';
import type { SqlQueries } from '../ports.js';

/** Webhooks that are looked at in one statement: of each, so many entries of the index are read as may be kept. */
const LOOKED_AT_MAX = 20;

// No deliveries are counted: the one after those that may be kept is looked for.
const FULL = `
select w.id as "webhookId", beyond.id, beyond.created_at::float8 as "createdAt"
from (select id from webhooks where id > $1 order by id limit ${LOOKED_AT_MAX}) w left join lateral (
  select d.id, d.created_at from webhook_deliveries d
  where d.webhook_id = w.id order by d.created_at desc, d.id desc offset $2::int limit 1
) beyond on true order by w.id`;

/** The newest delivery of a webhook that it may not keep. */
export interface SurplusDeliveries {
  readonly webhookId: string;
  readonly id: string;
  readonly createdAt: number;
}

/**
 * Which of some webhooks have more than WEBHOOK_LIMITS.keptMax deliveries.
 * @param after the last webhook of the call before; '' at first.
 * @returns also the last webhook that was looked at; undefined: no more.
 */
export async function surplusDeliveries(
  db: SqlQueries,
  after: string,
): Promise<{ readonly full: readonly SurplusDeliveries[]; readonly last: string | undefined }> {
  const params = [after, WEBHOOK_LIMITS.keptMax];
  const rows = await db.query<{ webhookId: string; id: string | null; createdAt: number | null }>(FULL, params);
  const full = rows.flatMap(({ webhookId, id, createdAt }) =>
    id === null || createdAt === null ? [] : [{ webhookId, id, createdAt }],
  );
  return { full, last: rows.at(-1)?.webhookId };
}

/** Deletes at most `limit` of these deliveries and of older ones that are over. @returns how many. */
export async function deleteSurplusDeliveries(
  db: SqlQueries,
  { webhookId, id, createdAt }: SurplusDeliveries,
  limit: number,
): Promise<number> {
  const gone = await db.query(
    `delete from webhook_deliveries where id in (
       select id from webhook_deliveries
       where webhook_id = $1 and (created_at, id) <= ($2::bigint, $3::text) and status <> 'pending' limit $4::int
     ) returning 1`,
    [webhookId, createdAt, id, limit],
  );
  return gone.length;
}
