import { GatewayError } from '#libs/contract';
import { Controller, Get, Inject, Module, type DynamicModule } from '@nestjs/common';
import {
  HealthCheckService,
  HealthIndicatorService,
  TerminusModule,
  type HealthCheckResult,
  type HealthIndicatorResult,
} from '@nestjs/terminus';
import { Drain } from './drain.js';
import { Public } from './public.js';

/** A named check of something that this service needs; rejects when it is away. */
export type ReadyChecks = Readonly<Record<string, () => Promise<void>>>;

const CHECKS = Symbol('READY_CHECKS');

/**
 * live: the process answers; it never looks at Redis or Postgres, because restarting all pods does not mend those.
 * ready: everything it needs answers and it is not draining; 503 otherwise. startup: as live, because a pod that is
 * killed while a neighbour is away mends nothing and starts again.
 */
@Public()
@Controller('health')
class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(CHECKS) private readonly checks: ReadyChecks,
    @Inject(Drain) private readonly drain: Drain,
  ) {}

  @Get('live')
  live(): { status: string } {
    return { status: 'ok' };
  }

  @Get('ready')
  ready(): Promise<HealthCheckResult> {
    const checks = Object.entries(this.checks).map(
      ([name, check]) =>
        () =>
          this.look(name, check),
    );
    return this.health.check([() => this.lookAtDrain(), ...checks]);
  }

  @Get('startup')
  startup(): { status: string } {
    return this.live();
  }

  private async look(name: string, check: () => Promise<void>): Promise<HealthIndicatorResult> {
    const session = this.indicators.check(name);
    try {
      await inTime(check());
      return session.up();
    } catch (cause) {
      // A GatewayError is meant to be shown. The text of other errors may contain addresses.
      return session.down(cause instanceof GatewayError ? cause.message : 'not reachable');
    }
  }

  private async lookAtDrain(): Promise<HealthIndicatorResult> {
    const session = this.indicators.check('service');
    return this.drain.draining ? session.down('draining') : session.up();
  }
}

/** Probes give up after a second by default; silence is no better than a refusal. */
const LOOK_MS_MAX = 800;

async function inTime(look: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), LOOK_MS_MAX);
  });
  // Whichever loses the race is nobody's failure.
  look.catch(() => undefined);
  try {
    await Promise.race([look, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** GET /health/live, /health/ready and /health/startup for one service, through @nestjs/terminus. */
@Module({})
export class HealthModule {
  static forService(settings: { checks: ReadyChecks; drain: Drain }): DynamicModule {
    return {
      module: HealthModule,
      imports: [TerminusModule.forRoot({ logger: false, errorLogStyle: 'json' })],
      controllers: [HealthController],
      providers: [
        { provide: CHECKS, useValue: settings.checks },
        { provide: Drain, useValue: settings.drain },
      ],
    };
  }
}
