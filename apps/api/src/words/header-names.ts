/** Our header names. Node gives incoming names in lower case. */
export const HEADERS = {
  runId: 'x-run-id',
  /** The parts of the request that were left out, see `leftOutHeader`. */
  leftOut: 'x-left-out',
  /** The left-out tools, without the prefix `tools.`: older than `x-left-out`, and kept for its readers. */
  leftOutTools: 'x-left-out-tools',
  idempotencyKey: 'idempotency-key',
  idempotencyReplayed: 'idempotency-replayed',
  onDisconnect: 'x-on-disconnect',
  lastEventId: 'last-event-id',
  /** The name and its Hermes alias. */
  session: ['x-session-id', 'x-hermes-session-id'],
  /** Sent by clients that want to reach the same server again. The session that they name means nothing more. */
  sessionAffinity: 'x-session-affinity',
  /** Clients' own names for their sessions: Claude Code, Codex, opencode. */
  clientSession: ['x-claude-code-session-id', 'session-id', 'thread-id', 'x-opencode-session', 'x-session-affinity'],
  claudeSession: 'x-claude-code-session-id',
  sessionBusy: 'x-session-busy',
  /** What the run, and what all runs of its session, may cost. */
  maxCost: 'x-max-cost',
  sessionMaxCost: 'x-session-max-cost',
} as const;
