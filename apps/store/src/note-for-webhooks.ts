import type { RunSnapshot } from '#libs/contract';
import { hasWebhooks, noteEvents, type SqlDatabase } from '#libs/store';

/**
 * Puts what webhooks may be told of these runs on its way: their ends, and requests for approval that are open. Rejects
 * when the database does.
 */
export async function noteForWebhooks(db: SqlDatabase, runs: readonly RunSnapshot[]): Promise<void> {
  if (runs.length === 0) return;
  const owners = [...new Set(runs.map(({ owner }) => owner))];
  // Most keys have no webhook: then nothing is made of their runs.
  if (!(await hasWebhooks(db, owners))) return;
  // Loaded at the first use, which saves memory in a store without webhooks.
  const { webhookEvents } = await import('#libs/protocols');
  await noteEvents(db, runs.flatMap(webhookEvents), Date.now());
}
