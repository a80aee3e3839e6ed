import { openaiResponses } from '#libs/protocols';
import type { ApiCore } from '../core/api-core.js';
import type { ApiPorts } from '../core/api-ports.js';
import type { Preparation } from '#libs/protocols';
import { ConversationDesk } from './conversations/conversation-desk.js';
import { PrepareResponse } from './prepare-response.js';

export const RESPONSE_PATHS = [openaiResponses.path, ...(openaiResponses.aliases ?? [])];

/** The work that the Responses protocol needs before a run is opened: conversations and earlier responses. */
export interface ResponsePreparation {
  readonly prepare: PrepareResponse;
  readonly desk: ConversationDesk;
  /** By the name of the protocol, for everything that creates runs. */
  readonly byProtocol: ReadonlyMap<string, Preparation>;
  /** For one WebSocket. @param isOwnUnstored which unstored runs may be continued there. */
  forSocket(isOwnUnstored: (runId: string) => boolean): Preparation;
}

export function responsePreparation(core: ApiCore, ports: ApiPorts): ResponsePreparation {
  const { runs, finder, history, logger } = core;
  const { conversations, turns } = ports;
  const desk = new ConversationDesk({ conversations, turns, runs });
  const parts = { finder, desk, conversations, history, logger };
  const prepare = new PrepareResponse(parts);
  return {
    prepare,
    desk,
    byProtocol: new Map([[openaiResponses.name, prepare]]),
    forSocket: (isOwnUnstored) => new PrepareResponse(parts, isOwnUnstored),
  };
}
