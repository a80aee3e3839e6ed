import { GatewayError } from '#libs/contract';

/** A position in a list of sessions ordered by time of the last change (ms) and id. */
export interface SessionCursor {
  readonly updatedAt: number;
  readonly sessionId: string;
}

/** The cursor as a client sees it. It stays valid when its session is deleted. */
export const sessionCursorText = ({ updatedAt, sessionId }: SessionCursor): string =>
  `${updatedAt}.${Buffer.from(sessionId).toString('base64url')}`;

/** The inverse. Throws GatewayError `invalid_cursor`. */
export function parseSessionCursor(text: string): SessionCursor {
  const match = /^(\d{1,15})\.([\w-]{1,2000})$/.exec(text);
  if (!match) {
    throw new GatewayError('invalid_cursor', 'The cursor is not one that a list of sessions gave.', { param: 'after' });
  }
  return { updatedAt: Number(match[1]), sessionId: Buffer.from(match[2] ?? '', 'base64url').toString() };
}
