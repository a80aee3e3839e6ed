import { Module, type DynamicModule } from '@nestjs/common';
import type { CreateRun } from '../answering/create-run.js';
import type { ApiCore } from '../core/api-core.js';
import type { ApiPorts } from '../core/api-ports.js';
import { CreateOnce } from '../runs/admitting/create-once.js';
import { CompactResponse } from './compact-response.js';
import { ContextReader } from './context-reader.js';
import { ConversationService } from './conversations/conversation-service.js';
import { ConversationsController } from './conversations/conversations.controller.js';
import { InputTokens } from './input-tokens.js';
import { ResponseDesk } from './response-desk.js';
import { ResponseEvents } from './response-events.js';
import type { ResponsePreparation } from './response-preparation.js';
import { ResponsesController } from './responses.controller.js';
import { ResponseSockets } from './socket/response-sockets.js';

interface Extras {
  readonly createRun: CreateRun;
  readonly preparation: ResponsePreparation;
}

/** /v1/responses and /v1/conversations. Creating a response over HTTP is the POST of its protocol. */
@Module({})
export class ResponsesModule {
  static for(core: ApiCore, ports: ApiPorts, { createRun, preparation }: Extras): DynamicModule {
    const { models, counter, files } = core;
    const { prepare, desk, forSocket } = preparation;
    const context = new ContextReader({ ...core, ...ports, prepare, desk });
    const sockets = new ResponseSockets({ ...core, createRun, preparation: forSocket });
    return {
      module: ResponsesModule,
      controllers: [ResponsesController, ConversationsController],
      providers: [
        { provide: ResponseDesk, useValue: new ResponseDesk({ ...core, ...ports }) },
        { provide: ResponseEvents, useValue: new ResponseEvents(core) },
        { provide: InputTokens, useValue: new InputTokens(context, models, counter, files) },
        { provide: CompactResponse, useValue: new CompactResponse({ ...core, context }) },
        { provide: ResponseSockets, useValue: sockets },
        { provide: ConversationService, useValue: new ConversationService(ports.conversations, desk) },
        { provide: CreateOnce, useValue: core.once },
      ],
    };
  }
}
