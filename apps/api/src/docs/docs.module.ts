import { Module, type DynamicModule } from '@nestjs/common';
import type { ProtocolRoute } from '../answering/protocol.controller.js';
import { ApiDocument } from './api-document.js';
import { DocsController } from './docs.controller.js';

/** /openapi.json and the page that shows it. @nestjs/swagger is loaded at the first request for the document. */
@Module({})
export class DocsModule {
  static for(routes: readonly ProtocolRoute[], version: string): DynamicModule {
    return {
      module: DocsModule,
      controllers: [DocsController],
      providers: [{ provide: ApiDocument, useValue: new ApiDocument(routes, version) }],
    };
  }
}
