/** Headers of ours. Node gives incoming names in lower case. */
export const HEADERS = {
  runId: 'x-run-id',
  /** What of the request went no further, see `leftOutHeader`. */
  leftOut: 'x-left-out',
  /** The tools among them, without `tools.`: older than `x-left-out`, and kept for its readers. */
  leftOutTools: 'x-left-out-tools',
  idempotencyKey: 'idempotency-key',
  idempotencyReplayed: 'idempotency-replayed',
  onDisconnect: 'x-on-disconnect',
  lastEventId: 'last-event-id',
  /** The name and its Hermes alias. */
  session: ['x-session-id', 'x-hermes-session-id'],
  /** Of clients that want to meet the same server again, and mean no more by the session that they name. */
  sessionAffinity: 'x-session-affinity',
  /** Sessions as clients name them for themselves: Claude Code, Codex, opencode. */
  clientSession: ['x-claude-code-session-id', 'session-id', 'thread-id', 'x-opencode-session', 'x-session-affinity'],
  claudeSession: 'x-claude-code-session-id',
  sessionBusy: 'x-session-busy',
} as const;
