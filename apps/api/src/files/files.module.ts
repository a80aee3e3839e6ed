import { Workspaces } from '#libs/tools';
import { Module, type DynamicModule } from '@nestjs/common';
import { resolve } from 'node:path';
import type { ApiCore } from '../core/api-core.js';
import type { ApiPorts } from '../core/api-ports.js';
import { SessionService } from '../sessions/session-service.js';
import { FilesController } from './files.controller.js';
import { SessionFiles } from './session-files.js';

/** /api/sessions/{id}/files. This process needs the folder that the workers have. */
@Module({})
export class FilesModule {
  static for({ history }: Pick<ApiCore, 'history'>, ports: ApiPorts, workspaceDir: string): DynamicModule {
    const sessions = new SessionService({ ...ports, history });
    const files = new SessionFiles({
      workspaces: new Workspaces(resolve(workspaceDir)),
      assertSession: (ref) => sessions.get(ref),
    });
    return {
      module: FilesModule,
      controllers: [FilesController],
      providers: [{ provide: SessionFiles, useValue: files }],
    };
  }
}
