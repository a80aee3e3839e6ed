import { LIMITS } from './limits.js';

/** In words, for those who are told that theirs is none. */
export const SESSION_ID_RULE = `1 to ${LIMITS.sessionIdCharsMax} visible ASCII characters without "/", "\\" and ".."`;

/**
 * Whether a text can be the id of a session. It stands in headers and paths, and it also names things: shapes of paths
 * are an attack or a mistake.
 */
export function isSessionId(text: string): boolean {
  const isFine = /^[\x21-\x7e]+$/.test(text) && text.length <= LIMITS.sessionIdCharsMax;
  return isFine && !/[/\\]|\.\./.test(text) && text !== '.';
}
