import { Module, type DynamicModule } from '@nestjs/common';
import { CreateRun } from './create-run.js';
import type { ProtocolRoute } from './protocol.controller.js';
import { SubRoutes } from './sub-routes.js';

/** The routes of every protocol. */
@Module({})
export class ProtocolsModule {
  static for(routes: readonly ProtocolRoute[], createRun: CreateRun, subRoutes: SubRoutes): DynamicModule {
    return {
      module: ProtocolsModule,
      controllers: routes.flatMap(({ controller, others }) => [controller, ...others.map((other) => other.controller)]),
      providers: [
        { provide: CreateRun, useValue: createRun },
        { provide: SubRoutes, useValue: subRoutes },
      ],
    };
  }
}
