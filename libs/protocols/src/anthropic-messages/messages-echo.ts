import type { JsonObject } from '#libs/contract';
import type { ThinkingDisplay } from './request/decode-thinking.js';

/** The facts about a Messages request that its encoder reads from the log. */
export interface MessagesEcho {
  readonly display: ThinkingDisplay;
}

/** Reads these facts from `run.queued` or from a snapshot. */
export function readEcho({ display }: JsonObject): MessagesEcho {
  return { display: display === 'shown' || display === 'omitted' ? display : 'hidden' };
}
