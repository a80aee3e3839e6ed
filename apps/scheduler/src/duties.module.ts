import { Module, type DynamicModule } from '@nestjs/common';
import type { Duty } from './duties/duty.js';
import type { SchedulerCore } from './scheduler-core.js';
import { startDuties } from './start-duties.js';

/** Repeats every duty at its interval, until the process drains. */
@Module({})
export class DutiesModule {
  static for({ config, drain, meters, ports }: SchedulerCore, duties: readonly Duty[]): DynamicModule {
    const running = startDuties({
      duties,
      ports,
      addresses: { store: config.store.url, redis: new URL(config.redis.url).host },
      random: Math.random,
      onLook: (...look) => meters.looked(...look),
    });
    drain.onDrain(() => running.stop());
    return { module: DutiesModule };
  }
}
