import type { RunEventType } from '#libs/contract';

/**
 * The public names of events: those of Hermes' run events, and additional ones. No other view of a run shows our
 * internal names.
 */
export const EVENT_NAMES = {
  'run.queued': 'run.queued',
  'run.started': 'run.started',
  'step.started': 'step.started',
  'text.delta': 'message.delta',
  'reasoning.delta': 'reasoning.delta',
  'refusal.delta': 'refusal.delta',
  'tool_call.started': 'tool_call',
  'tool_call.arguments.delta': 'tool_call',
  'tool_call.ready': 'tool_call',
  'approval.requested': 'approval.request',
  'approval.resolved': 'approval.responded',
  'tool.started': 'tool.started',
  'tool.progress': 'tool.progress',
  'tool.completed': 'tool.completed',
  'step.completed': 'step.completed',
  'step.interrupted': 'step.interrupted',
  'run.parked': 'run.parked',
  'run.steered': 'run.steered',
  'run.completed': 'run.completed',
  'run.incomplete': 'run.incomplete',
  'run.failed': 'run.failed',
  'run.cancelled': 'run.cancelled',
} as const satisfies Record<RunEventType, string>;

/** The names of frames that are not events themselves. This one comes before `step.completed`, */
export const REASONING_AVAILABLE = 'reasoning.available';
/** and this one before the `run.incomplete` of a run that has cost as much as it may. */
export const LIMIT_REACHED = 'run.limit_reached';
