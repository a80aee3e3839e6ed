import type { JsonObject } from '#libs/contract';
import type { ThinkingDisplay } from './request/decode-thinking.js';

/** What a Messages request leaves in the log for its encoder. */
export interface MessagesEcho {
  readonly display: ThinkingDisplay;
}

/** Reads it back from `run.queued` or a snapshot. */
export function readEcho({ display }: JsonObject): MessagesEcho {
  return { display: display === 'shown' || display === 'omitted' ? display : 'hidden' };
}
