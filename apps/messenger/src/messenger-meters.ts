import { METRICS, type Counter, type Histogram, type Metrics } from '#libs/platform';

/** What the messenger counts. Labels are of bounded sets: no chat, no user. */
export class MessengerMeters {
  private readonly updates: Counter;
  private readonly calls: Counter;
  private readonly tasks: Counter;
  private readonly firstText: Histogram;
  private readonly redisErrors: Counter;

  constructor(metrics: Metrics, activeChats: () => number) {
    this.updates = metrics.counter(METRICS.messengerUpdates);
    this.calls = metrics.counter(METRICS.messengerCalls);
    this.tasks = metrics.counter(METRICS.messengerTasks);
    this.firstText = metrics.histogram(METRICS.messengerFirstText);
    this.redisErrors = metrics.counter(METRICS.redisErrors);
    metrics.gauge(METRICS.messengerChats, activeChats);
  }

  took(outcome: string): void {
    this.updates.inc({ outcome });
  }

  called(kind: string, outcome: string): void {
    this.calls.inc({ kind, outcome });
  }

  told(kind: string, outcome: string): void {
    this.tasks.inc({ kind, outcome });
  }

  showed(seconds: number): void {
    this.firstText.observe(seconds);
  }

  redisFailed(): void {
    this.redisErrors.inc();
  }
}
