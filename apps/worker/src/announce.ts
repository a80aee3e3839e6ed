import type { WorkerInfo, WorkerRegistry } from '#libs/contract';

const ANNOUNCE_EVERY_MS = 5_000;
const DISCOVER_EVERY_MS = 60_000;

export interface Announcement {
  readonly registry: WorkerRegistry;
  /** What to say now; read at every heartbeat. */
  info(): WorkerInfo;
  /** Asks the upstreams for their models. */
  discover(): Promise<void>;
  onError(cause: unknown): void;
}

/**
 * Tells the deployment that this worker is there and which models it can serve, every few seconds. A worker that dies
 * just falls silent. @returns a function that stops it and takes the worker off the list.
 */
export async function announce(announcement: Announcement): Promise<() => Promise<void>> {
  const { registry, info, discover, onError } = announcement;
  const tell = (): Promise<void> => registry.announce(info()).catch(onError);
  // Told before the upstreams were asked, too: configured models are served whatever an upstream lists.
  await Promise.all([tell(), discover().then(tell)]);
  const heartbeat = setInterval(() => void tell(), ANNOUNCE_EVERY_MS);
  const discovery = setInterval(() => void discover(), DISCOVER_EVERY_MS);
  return async () => {
    clearInterval(heartbeat);
    clearInterval(discovery);
    await registry.leave(info().id).catch(onError);
  };
}
