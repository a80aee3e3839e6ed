import type { JsonObject } from '#libs/contract';
import type { ThinkingDisplay } from './request/decode-thinking.js';

/** The facts about a Messages request that its encoder reads from the log. */
export interface MessagesEcho {
  readonly display: ThinkingDisplay;
  /** Whether a call that waits for approval is told in the text, with how to allow it. */
  readonly saysApprovals: boolean;
}

/** Reads these facts from `run.queued` or from a snapshot. */
export function readEcho({ display, saysApprovals }: JsonObject): MessagesEcho {
  return {
    display: display === 'shown' || display === 'omitted' ? display : 'hidden',
    saysApprovals: saysApprovals === true,
  };
}
