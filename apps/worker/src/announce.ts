import type { WorkerInfo, WorkerRegistry } from '#libs/contract';

const ANNOUNCE_EVERY_MS = 5_000;
const DISCOVER_EVERY_MS = 60_000;

export interface Announcement {
  readonly registry: WorkerRegistry;
  /** Read at every heartbeat. */
  info(): WorkerInfo;
  /** Asks the upstreams for their models. */
  discover(): Promise<void>;
  onError(cause: unknown): void;
}

/**
 * Announces every few seconds that this worker is there and which models it serves. A worker that dies just falls
 * silent. @returns a function that stops this and takes the worker off the list.
 */
export async function announce(announcement: Announcement): Promise<() => Promise<void>> {
  const { registry, info, discover, onError } = announcement;
  const tell = (): Promise<void> => registry.announce(info()).catch(onError);
  // The first announcement does not wait for the upstreams: configured models are served whatever these list.
  await Promise.all([tell(), discover().then(tell)]);
  const heartbeat = setInterval(() => void tell(), ANNOUNCE_EVERY_MS);
  const discovery = setInterval(() => void discover(), DISCOVER_EVERY_MS);
  return async () => {
    clearInterval(heartbeat);
    clearInterval(discovery);
    await registry.leave(info().id).catch(onError);
  };
}
