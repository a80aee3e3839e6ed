import {
  type LastTurn,
  LIMITS,
  type SessionRef,
  type SessionTurns,
  type TurnEntry,
  type TurnRequest,
  type UnsettledSession,
} from '#libs/contract';

interface Session {
  active: string | undefined;
  tail: LastTurn | null;
  opening: { readonly runId: string; readonly since: number; readonly before: LastTurn | null } | undefined;
  line: string[];
}

/** Session turns in memory, for tests. They follow the rules of turn-scripts.ts and pass the same contract suite. */
export function memorySessionTurns(
  openingMsMax: number = LIMITS.sessionTurnOpeningMsMax,
  now: () => number = Date.now,
): SessionTurns {
  const sessions = new Map<string, Session>();
  const unsettled = new Map<string, UnsettledSession>();
  const get = (ref: SessionRef): Session | undefined => sessions.get(keyOf(ref));

  return {
    async enter(request) {
      const known = get(request.session);
      if (!known && request.last === undefined) return { kind: 'unknown' };
      const session = known ?? { active: undefined, tail: request.last ?? null, opening: undefined, line: [] };
      const entry = enter(session, request, { now: now(), openingMsMax });
      if (entry.kind === 'entered') sessions.set(keyOf(request.session), session);
      return entry;
    },
    async ready(ref, runId) {
      unsettled.set(keyOf(ref), { ...ref, since: now() });
      const session = get(ref);
      return session ? ready(session, runId) : 'evicted';
    },
    async leave(ref, runId) {
      const session = get(ref);
      return session && leave(session, runId);
    },
    async state(ref) {
      const { active, tail, line } = get(ref) ?? { active: undefined, tail: null, line: [] };
      return { waiting: [...line], ...(active && { active }), ...(tail && { last: tail }) };
    },
    async forget(ref) {
      const session = get(ref);
      if (session?.active ?? session?.opening) return false;
      sessions.delete(keyOf(ref));
      return true;
    },
    unsettled: async (limit) => [...unsettled.values()].sort((a, b) => a.since - b.since).slice(0, limit),
    async settle({ owner, sessionId, since }, hasTurn) {
      const key = keyOf({ owner, sessionId });
      const listed = unsettled.get(key);
      if (hasTurn && listed) unsettled.set(key, { owner, sessionId, since: now() });
      else if (listed?.since === since) unsettled.delete(key);
    },
  };
}

interface Clock {
  readonly now: number;
  readonly openingMsMax: number;
}

function enter(
  session: Session,
  { runId, whenBusy, waitingMax }: TurnRequest,
  { now, openingMsMax }: Clock,
): TurnEntry {
  const { opening } = session;
  if (opening?.runId === runId) return entered(opening.before, session.tail?.createdAt ?? now);
  if (opening && now - opening.since < openingMsMax) return { kind: whenBusy === 'reject' ? 'busy' : 'opening' };
  if (session.active && whenBusy === 'reject') return { kind: 'busy' };
  if (session.active && session.line.length >= waitingMax) return { kind: 'full' };
  const before = opening ? opening.before : session.tail;
  const createdAt = Math.max(now, (before?.createdAt ?? 0) + 1);
  session.tail = { runId, createdAt };
  session.opening = { runId, since: now, before };
  return entered(before, createdAt);
}

const entered = (before: LastTurn | null, createdAt: number): TurnEntry => ({
  kind: 'entered',
  createdAt,
  ...(before && { parentId: before.runId }),
});

function ready(session: Session, runId: string): 'turn' | 'waits' | 'evicted' {
  if (session.active === runId) return 'turn';
  if (session.opening?.runId !== runId) return session.line.includes(runId) ? 'waits' : 'evicted';
  session.opening = undefined;
  if (session.active === undefined) {
    session.active = runId;
    return 'turn';
  }
  session.line.push(runId);
  return 'waits';
}

function leave(session: Session, runId: string): string | undefined {
  if (session.opening?.runId === runId) {
    session.tail = session.opening.before;
    session.opening = undefined;
    return undefined;
  }
  if (session.active === runId) return (session.active = session.line.shift());
  const place = session.line.indexOf(runId);
  if (place < 0) return session.active;
  session.line.splice(place, 1);
  return undefined;
}

const keyOf = ({ owner, sessionId }: SessionRef): string => JSON.stringify([owner, sessionId]);
