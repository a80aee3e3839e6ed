import {
  Controller,
  Get,
  Header,
  Inject,
  Injectable,
  Module,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
} from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { isBearer } from '../bearer.js';
import { Public } from '../public.js';
import { Metrics } from './metrics.js';

/** Who may read the metrics. With neither a token nor public access the route does not exist. */
export interface MetricsAccess {
  readonly token?: string;
  readonly isPublic: boolean;
}

const ACCESS = Symbol('METRICS_ACCESS');

/** Ordinary API keys do not open the metrics. */
@Injectable()
class MetricsGuard implements CanActivate {
  constructor(@Inject(ACCESS) private readonly access: MetricsAccess) {}

  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: { authorization?: string } }>();
    if (mayReadMetrics(this.access, headers.authorization)) return true;
    throw new UnauthorizedException('The metrics ask for their token.');
  }
}

@Public()
@Controller('metrics')
@UseGuards(MetricsGuard)
class MetricsController {
  constructor(@Inject(Metrics) private readonly metrics: Metrics) {}

  @Get()
  @RouteConfig({ operators: 'metrics' })
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  @Header('cache-control', 'no-store')
  read(): Promise<string> {
    return this.metrics.text();
  }
}

/** @param authorization the header as it was sent. */
export function mayReadMetrics({ token, isPublic }: MetricsAccess, authorization: string | undefined): boolean {
  return isPublic || (token !== undefined && isBearer(authorization, token));
}

/** GET /metrics of one service. */
@Module({})
export class MetricsModule {
  static forService(metrics: Metrics, access: MetricsAccess): DynamicModule {
    const isClosed = access.token === undefined && !access.isPublic;
    return {
      module: MetricsModule,
      controllers: isClosed ? [] : [MetricsController],
      providers: [
        { provide: Metrics, useValue: metrics },
        { provide: ACCESS, useValue: access },
      ],
    };
  }
}
