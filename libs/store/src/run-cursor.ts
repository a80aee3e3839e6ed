import { GatewayError } from '#libs/contract';

/** A place in a list of runs that is ordered by time of creation (ms) and id. */
export interface RunCursor {
  readonly createdAt: number;
  readonly runId: string;
}

/** The cursor as a client sees it: `<createdAt>.<runId>`. It stays valid when its run is deleted. */
export const cursorText = ({ createdAt, runId }: RunCursor): string => `${createdAt}.${runId}`;

/** The inverse. Throws GatewayError `invalid_cursor`. */
export function parseCursor(text: string): RunCursor {
  const match = /^(\d{1,15})\.([\w.-]{1,200})$/.exec(text);
  if (!match)
    throw new GatewayError('invalid_cursor', 'The cursor is not one that a list of runs gave.', { param: 'after' });
  return { createdAt: Number(match[1]), runId: match[2] ?? '' };
}
