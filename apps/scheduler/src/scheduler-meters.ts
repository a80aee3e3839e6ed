import { QUEUE_NAMES, type DeploymentFacts, type QueueFacts } from '#libs/bus';
import { METRICS, type Counter, type Metrics } from '#libs/platform';

/** How a round of a duty ended, as the metrics name it. */
export type DutyOutcome = 'done' | 'failed';

/**
 * Metrics of the whole deployment. Every replica of the scheduler reports the same values, so take their maximum.
 */
export class SchedulerMeters {
  private readonly duties: Counter;
  private readonly deliveries: Counter;
  private readonly events: Counter;
  private readonly redisErrors: Counter;

  constructor(metrics: Metrics, facts: DeploymentFacts) {
    this.duties = metrics.counter(METRICS.duties);
    this.deliveries = metrics.counter(METRICS.jobDeliveries);
    this.events = metrics.counter(METRICS.webhookDeliveries);
    this.redisErrors = metrics.counter(METRICS.redisErrors);
    const queues = (): Promise<(readonly [string, QueueFacts])[]> =>
      Promise.all(QUEUE_NAMES.map(async (name) => [name, await facts.queue(name)] as const));
    metrics.gauges(METRICS.queueJobs, async () =>
      (await queues()).flatMap(([queue, { jobs }]) =>
        Object.entries(jobs).map(([state, count]) => [{ queue, state }, count] as const),
      ),
    );
    metrics.gauges(METRICS.queueOldest, async () =>
      (await queues()).map(([queue, { oldestWaitMs }]) => [{ queue }, oldestWaitMs / 1_000] as const),
    );
    metrics.gauge(METRICS.redisMemory, () => facts.memoryShare());
    metrics.gauge(METRICS.unconfirmed, async () => (await facts.unconfirmed()).runs);
    metrics.gauge(METRICS.unconfirmedOldest, async () => (await facts.unconfirmed()).oldestMs / 1_000);
  }

  looked(duty: string, outcome: DutyOutcome): void {
    this.duties.inc({ duty, outcome });
  }

  /**
   * An attempt to deliver a result is over.
   * @param scheme of the target: there are as many as there are kinds of targets.
   */
  delivered(scheme: string, outcome: 'delivered' | 'retried' | 'failed'): void {
    this.deliveries.inc({ scheme, outcome });
  }

  /** An attempt to tell a webhook of an event is over. */
  toldWebhook(outcome: 'delivered' | 'retried' | 'failed'): void {
    this.events.inc({ outcome });
  }

  redisFailed(): void {
    this.redisErrors.inc();
  }
}
