import type { ConversationLock, RunLog } from '#libs/contract';
import { historyReader } from '#libs/history';
import { openaiResponses } from '#libs/protocols';
import type { ConversationsClient, StoreClient } from '#libs/store-client';
import type { Provider, Type } from '@nestjs/common';
import type { Preparation } from '../runs/admitting/preparation.js';
import type { RunDesk } from '../runs/admitting/run-desk.js';
import { ConversationDesk } from './conversations/conversation-desk.js';
import { ConversationService } from './conversations/conversation-service.js';
import { ConversationsController } from './conversations/conversations.controller.js';
import type { CreateRun } from '../answering/create-run.js';
import type { ExchangeParts } from '../answering/run-exchange.js';
import type { Listeners } from '../runs/listeners.js';
import type { ModelDirectory } from '../runs/model-directory.js';
import type { TokenCounter } from '../tokens/token-counter.js';
import { ResponseSockets } from './socket/response-sockets.js';
import { CompactResponse } from './compact-response.js';
import { ContextReader } from './context-reader.js';
import { InputTokens } from './input-tokens.js';
import { PrepareResponse } from './prepare-response.js';
import { ResponseDesk } from './response-desk.js';
import { ResponseEvents } from './response-events.js';
import { ResponseFinder } from '../runs/response-finder.js';
import { ResponsesController } from './responses.controller.js';

export interface ResponsesPorts {
  readonly log: RunLog;
  readonly store: StoreClient;
  readonly conversations: ConversationsClient;
  readonly turns: ConversationLock;
}

/** What everything that makes runs is made of. */
export interface ResponsesCore extends ExchangeParts {
  readonly desk: RunDesk;
  readonly models: ModelDirectory;
  readonly listeners: Listeners;
  readonly counter: TokenCounter;
  readonly messageCharsMax: number;
}

/** The Responses API wired up: what the module registers, and what creating runs asks of it. */
export interface ResponsesApi {
  readonly controllers: readonly Type<unknown>[];
  readonly providers: readonly Provider[];
  readonly preparations: ReadonlyMap<string, Preparation>;
  /** The WebSockets, once there is what makes runs. */
  sockets(createRun: CreateRun): ResponseSockets;
}

export const RESPONSE_PATHS = [openaiResponses.path, ...(openaiResponses.aliases ?? [])];

export function responsesApi(core: ResponsesCore, ports: ResponsesPorts): ResponsesApi {
  const { runs, models, counter, messageCharsMax, logger } = core;
  const { log, store, conversations, turns } = ports;
  const finder = new ResponseFinder(runs, log);
  const history = historyReader({ log, store });
  const talk = new ConversationDesk({ conversations, turns, runs });
  const prepareParts = { finder, desk: talk, conversations, history, logger };
  const prepare = new PrepareResponse(prepareParts);
  const context = new ContextReader({ prepare, history, desk: talk, conversations, messageCharsMax });
  return {
    controllers: [ResponsesController, ConversationsController],
    providers: [
      { provide: ResponseDesk, useValue: new ResponseDesk({ runs, log, store, history, finder }) },
      { provide: ResponseEvents, useValue: new ResponseEvents({ ...core, finder }) },
      { provide: InputTokens, useValue: new InputTokens(context, models, counter) },
      { provide: CompactResponse, useValue: new CompactResponse({ ...core, context }) },
      { provide: ConversationService, useValue: new ConversationService(conversations, talk) },
    ],
    preparations: new Map([[openaiResponses.name, prepare]]),
    sockets: (createRun) =>
      new ResponseSockets({
        ...core,
        createRun,
        preparation: (isOwnUnstored) => new PrepareResponse(prepareParts, isOwnUnstored),
      }),
  };
}
