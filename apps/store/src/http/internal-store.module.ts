import type { StorePorts } from '#libs/contract';
import { Module, type DynamicModule } from '@nestjs/common';
import { InternalStoreController, STORE_PORTS } from './internal-store.controller.js';
import { TOKEN } from './token.guard.js';

/** The store's ports over HTTP, for the other services. */
@Module({})
export class InternalStoreModule {
  /** @param token the token that callers must send; null: none. */
  static for(ports: Partial<StorePorts>, token: string | null): DynamicModule {
    return {
      module: InternalStoreModule,
      controllers: [InternalStoreController],
      providers: [
        { provide: STORE_PORTS, useValue: ports },
        { provide: TOKEN, useValue: token },
      ],
    };
  }
}
