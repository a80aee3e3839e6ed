import { Public } from '#libs/platform';
import { Controller, Get, Inject } from '@nestjs/common';
import { ModelDirectory } from '../runs/model-directory.js';

export const VERSION = Symbol('VERSION');

/** For people and simple monitors: answers from memory. Probes use /health/live and /health/ready. */
@Public()
@Controller()
export class HealthController {
  constructor(
    @Inject(VERSION) private readonly version: string,
    @Inject(ModelDirectory) private readonly models: ModelDirectory,
  ) {}

  @Get(['health', 'v1/health'])
  health(): object {
    const { workersAlive } = this.models;
    return {
      status: workersAlive > 0 ? 'ok' : 'degraded',
      service: 'talaria',
      version: this.version,
      workers: workersAlive,
    };
  }
}
