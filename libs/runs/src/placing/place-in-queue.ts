import type { Lane, RunQueue } from '#libs/contract';

/** Limits on the runs that wait for a worker. */
export interface QueueRoom {
  /** Runs of all keys together. */
  readonly queuedMax: number;
  /** Runs of one key, in each lane. */
  waitingMaxOf(owner: string): number;
  /** Bytes of orders that Redis may hold for one key; default LIMITS.orderBytesPerKeyMax. */
  readonly orderBytesMax?: number;
  /** Runs that all workers together execute at the same time, as far as is known; 0 costs a round trip. */
  slots(): number;
}

/** Room for a run that was admitted before: it waits behind its key's runs, however many those are. */
export const NO_BOUNDS: QueueRoom = {
  queuedMax: Infinity,
  waitingMaxOf: () => Number.MAX_SAFE_INTEGER,
  slots: () => 0,
};

export type QueueSpot =
  | { readonly kind: 'placed'; readonly tag: number }
  /**
   * `all` or `key`: as many runs as allowed already wait. `memory`: Redis keeps its remaining memory for existing runs.
   */
  | { readonly kind: 'refused'; readonly by: 'all' | 'key' | 'memory' };

export interface QueuedOrder {
  readonly owner: string;
  readonly lane: Lane;
}

/**
 * Finds the place of a key's next run among the waiting ones. Nothing is taken yet: `enqueue` with the tag takes the
 * place. Rejects with GatewayError `queue_unavailable`.
 */
export async function placeInQueue(
  queue: Pick<RunQueue, 'depth' | 'place'>,
  { owner, lane }: QueuedOrder,
  room: QueueRoom,
): Promise<QueueSpot> {
  if (room.queuedMax < Infinity && (await queue.depth()) >= room.queuedMax) return { kind: 'refused', by: 'all' };
  const place = await queue.place({ owner, lane, waitingMax: room.waitingMaxOf(owner), slots: room.slots() });
  switch (place.kind) {
    case 'placed':
      return place;
    case 'full':
      return { kind: 'refused', by: 'key' };
    case 'no_memory':
      return { kind: 'refused', by: 'memory' };
  }
}
