import { Module, type DynamicModule } from '@nestjs/common';
import type { ApiCore } from '../core/api-core.js';
import type { ApiPorts } from '../core/api-ports.js';
import { CreateOnce } from '../runs/admitting/create-once.js';
import { PRICES } from '../runs/turn-object.js';
import { SessionService } from './session-service.js';
import { SessionsController } from './sessions.controller.js';

/** /api/sessions. */
@Module({})
export class SessionsModule {
  static for({ once, history, prices }: ApiCore, ports: ApiPorts): DynamicModule {
    return {
      module: SessionsModule,
      controllers: [SessionsController],
      providers: [
        { provide: SessionService, useValue: new SessionService({ ...ports, history }) },
        { provide: CreateOnce, useValue: once },
        { provide: PRICES, useValue: prices },
      ],
    };
  }
}
