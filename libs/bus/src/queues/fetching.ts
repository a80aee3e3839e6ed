import type { Worker } from 'bullmq';
import type { RedisConnection } from '../redis/connect-redis.js';

/**
 * Lets BullMQ workers fetch while every condition allows it; at first the server has to be known as fit. On a server
 * that refuses every command (a node of a cluster, a replica) they would ask again without a pause.
 */
export class Fetching {
  private readonly forbidden = new Set(['server']);
  private hasRun = false;
  private isClosed = false;

  /** @param onError told of failures of the loops themselves. */
  constructor(
    connection: Pick<RedisConnection, 'onFitness'>,
    private readonly workers: readonly Worker[],
    private readonly onError: (cause: Error) => void = () => undefined,
  ) {
    connection.onFitness((isFit) => this.allow('server', isFit));
  }

  /** Jobs under way go on whatever is said here. */
  allow(condition: string, isAllowed: boolean): void {
    const before = this.forbidden.size;
    if (isAllowed) this.forbidden.delete(condition);
    else this.forbidden.add(condition);
    if (this.isClosed || Boolean(before) === Boolean(this.forbidden.size)) return;
    for (const worker of this.workers) this.turn(worker, this.forbidden.size === 0);
    this.hasRun ||= this.forbidden.size === 0;
  }

  /** Nothing is started any more. */
  close(): void {
    this.isClosed = true;
  }

  private turn(worker: Worker, isOn: boolean): void {
    const turned = isOn ? (this.hasRun ? worker.resume() : worker.run()) : worker.pause(true);
    turned.catch(this.onError);
  }
}
