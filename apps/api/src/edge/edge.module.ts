import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { AuthGuard } from './auth/auth.guard.js';
import { ErrorFilter } from './error.filter.js';
import { ErrorReplies } from './error-reply.js';

/** Applies to every route of every module: the guard that requires a key, and the filter that answers errors. */
@Module({})
export class EdgeModule {
  static for(replies: ErrorReplies): DynamicModule {
    return {
      module: EdgeModule,
      providers: [
        { provide: ErrorReplies, useValue: replies },
        { provide: APP_GUARD, useClass: AuthGuard },
        { provide: APP_FILTER, useClass: ErrorFilter },
      ],
    };
  }
}
