import type { StoredAccounts } from '#libs/contract';
import type { Logger } from '#libs/platform';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOKS_MAX = 20;
const PAUSE_MS = 3_000;

/**
 * Says at start what belongs to a name that no key has: jobs go on firing, and nobody sees any of it. Waits for the
 * store for a minute; it is information, and no condition of the start. Never rejects.
 */
export async function tellOrphans(
  accounts: Pick<StoredAccounts, 'owners'>,
  {
    names,
    logger,
    signal,
  }: { readonly names: ReadonlySet<string>; readonly logger: Logger; readonly signal: AbortSignal },
): Promise<void> {
  for (let look = 1; look <= LOOKS_MAX && !signal.aborted; look++) {
    try {
      const owners = await accounts.owners({ jobsOnly: true });
      for (const { owner, jobs } of owners.filter((row) => !names.has(row.owner))) {
        logger.warn({ owner, jobs }, `${whose(owner, jobs)}; GET /internal/owners shows them to the admin`);
      }
      return;
    } catch {
      // The store starts at the same time.
      await sleep(PAUSE_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}

function whose(owner: string, jobs: number): string {
  if (jobs === 0) return `Runs or sessions belong to "${owner}", which no key opens: nobody sees them`;
  return `${jobs === 1 ? '1 job belongs' : `${jobs} jobs belong`} to "${owner}", which no key opens: they go on firing`;
}
