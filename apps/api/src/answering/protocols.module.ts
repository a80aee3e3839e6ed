import { Module, type DynamicModule } from '@nestjs/common';
import { ContinueRun } from './continue-run.js';
import type { ProtocolRoute } from './protocol.controller.js';
import { SubRoutes } from './sub-routes.js';

/** The routes of every protocol. */
@Module({})
export class ProtocolsModule {
  static for(routes: readonly ProtocolRoute[], run: ContinueRun, subRoutes: SubRoutes): DynamicModule {
    return {
      module: ProtocolsModule,
      controllers: routes.flatMap(({ controller, resume, others }) => [
        controller,
        ...(resume ? [resume] : []),
        ...others.map((other) => other.controller),
      ]),
      providers: [
        { provide: ContinueRun, useValue: run },
        { provide: SubRoutes, useValue: subRoutes },
      ],
    };
  }
}
