import type { JsonObject } from '#libs/contract';

/** What a request of `useChat` leaves in the log for its encoder. */
export interface UiEcho {
  /** The chat that it belongs to, which is a session here. */
  readonly chatId?: string;
  /** The message of the assistant that the run goes on with: the client adds to it. Absent: a new one begins. */
  readonly messageId?: string;
}

/** Reads it back from `run.queued`, a draft or a snapshot. */
export function readUiEcho({ chatId, messageId }: JsonObject): UiEcho {
  return {
    ...(typeof chatId === 'string' && { chatId }),
    ...(typeof messageId === 'string' && { messageId }),
  };
}
