import { LIMITS } from './limits.js';

/** The rule in words, for error messages. */
export const SESSION_ID_RULE = `1 to ${LIMITS.sessionIdCharsMax} visible ASCII characters without "/", "\\" and ".."`;

/**
 * Whether a text can be a session id. The id appears in headers and URLs and names folders, so anything that looks like
 * a path is refused as an attack or a mistake.
 */
export function isSessionId(text: string): boolean {
  const isFine = /^[\x21-\x7e]+$/.test(text) && text.length <= LIMITS.sessionIdCharsMax;
  return isFine && !/[/\\]|\.\./.test(text) && text !== '.';
}

/** Ids of sessions that no request has named, made by `derivedSessionId` of the API; source of a regular expression. */
export const DERIVED_SESSION_ID = '^api-[0-9a-f]{16}$';
