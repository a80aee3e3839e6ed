import { Module, type DynamicModule } from '@nestjs/common';
import { CreateRun } from './create-run.js';
import type { ProtocolRoute } from './protocol.controller.js';

/** The POST of every protocol. */
@Module({})
export class ProtocolsModule {
  static for(routes: readonly ProtocolRoute[], createRun: CreateRun): DynamicModule {
    return {
      module: ProtocolsModule,
      controllers: routes.map(({ controller }) => controller),
      providers: [{ provide: CreateRun, useValue: createRun }],
    };
  }
}
