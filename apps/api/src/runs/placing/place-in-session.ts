import { GatewayError, type RunDraft } from '#libs/contract';
import { derivedSessionId } from './derived-session-id.js';
import { isTaskCall } from './task-call.js';
import { ownTurn } from './own-turn.js';
import type { AskedSession } from './session-headers.js';

/** A draft with its session, and whether the run takes a turn there. */
export interface Placed {
  readonly draft: RunDraft;
  readonly turn?: Pick<AskedSession, 'whenBusy'>;
}

interface Asked extends AskedSession {
  /**
   * Whether clients of this protocol send the whole conversation each time. Clients of the others name the run to
   * continue.
   */
  readonly derives: boolean;
}

/**
 * The session of a request:
 *
 *   it continues a run by itself (parentId)   a member of the session it names, without a turn: it may branch anywhere
 *   X-Session-Id                              its last user message is the session's next turn
 *   the body's own session id                 its input is the session's next turn, as the protocol decoded it
 *   a session of Claude Code, a page's chat   a member of that session, without a turn: it sends the whole conversation
 *   a title or tags for a chat page           a run without a session: it is part of no conversation
 *   nothing                                   a member of a derived session, or of none
 *
 * Throws GatewayError `invalid_session_id` when header and body name different sessions.
 */
export function placeInSession(decoded: RunDraft, asked: Asked, owner: string): Placed {
  const { id, whenBusy, derives, client, group } = asked;
  const draft = { ...decoded, ...(client !== undefined && { affinity: client }) };
  if (id !== undefined && draft.sessionId !== undefined && draft.sessionId !== id) {
    throw new GatewayError('invalid_session_id', 'The header and the body name different sessions.', {
      param: 'session_id',
    });
  }
  if (draft.parentId !== undefined) return { draft: { ...draft, ...(id !== undefined && { sessionId: id }) } };
  if (id !== undefined)
    return { draft: { ...draft, sessionId: id, messages: ownTurn(draft.messages) }, turn: { whenBusy } };
  if (draft.sessionId !== undefined) return { draft, turn: { whenBusy } };
  if (!derives || (group === undefined && isTaskCall(draft))) return { draft };
  return { draft: { ...draft, sessionId: group ?? derivedSessionId(owner, draft) } };
}
