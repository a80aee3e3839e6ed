import { Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import type { Closers } from './closers.js';
import type { Logger } from './logger.js';

/**
 * Releases the resources of the service. Nest calls the hook last: modules have stopped, and the HTTP server has
 * closed.
 */
class ReleaseOnShutdown implements OnApplicationShutdown {
  constructor(
    private readonly closers: Closers,
    private readonly logger: Logger,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    for (const failure of await this.closers.closeAll()) {
      this.logger.warn({ err: failure }, 'a resource did not close');
    }
  }
}

/** Closes the resources of a service in reverse order, when its application shuts down. */
@Module({})
export class ReleaseModule {
  static for(closers: Closers, logger: Logger): DynamicModule {
    const release = new ReleaseOnShutdown(closers, logger);
    return { module: ReleaseModule, providers: [{ provide: ReleaseOnShutdown, useValue: release }] };
  }
}
