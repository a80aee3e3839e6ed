import { Tracing, type TracingSettings } from './tracing.js';

export type { TracedAttempt, Tracing } from './tracing.js';

/** What operators set, and the process that traces. */
export interface TracingStart extends Omit<TracingSettings, 'onLost'> {
  readonly serviceName?: string;
  readonly service: string;
  readonly logger: { warn(facts: object, message: string): void };
  readonly closers: { own<T>(resource: T, close: (resource: T) => Promise<void>): T };
}

/** Begins to trace. Import this library only where somebody named a collector: without one nothing of it is loaded. */
export function startTracing({ service, serviceName, logger, closers, resource, ...settings }: TracingStart): Tracing {
  const tracing = new Tracing({
    ...settings,
    resource: { 'service.name': serviceName ?? `talaria-${service}`, 'service.version': settings.version, ...resource },
    onLost: (why, spans) => logger.warn({ why, spans }, 'traces do not reach their collector'),
  });
  return closers.own(tracing, (t) => t.close());
}
