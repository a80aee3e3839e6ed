import type { OutputItem, ToolCallItem } from './output-item.js';
import type { LoggedEvent } from './run-event.js';

/** The events about a call that change the snapshot. */
export type CallEvent = LoggedEvent & {
  type:
    | 'tool_call.started'
    | 'tool_call.arguments.delta'
    | 'tool_call.ready'
    | 'approval.requested'
    | 'approval.resolved'
    | 'tool.started'
    | 'tool.progress'
    | 'tool.completed';
};

/** The calls of a run after one more event. */
export function foldCall(items: readonly OutputItem[], event: CallEvent): readonly OutputItem[] {
  if (event.type === 'tool_call.started') {
    const { step, callId, name, executedBy, ofUpstream, extraContent } = event;
    const more = { ...(ofUpstream && { ofUpstream }), ...(extraContent && { extraContent }) };
    const call = { type: 'tool_call', step, callId, name, executedBy, ...more } as const;
    return [...items, { ...call, status: 'in_progress', arguments: '', ready: false, dispatched: false }];
  }
  const at = items.findLastIndex((item) => item.type === 'tool_call' && item.callId === event.callId);
  const call = items[at];
  if (call?.type !== 'tool_call') return items;
  if (event.type !== 'tool.completed') return items.with(at, { ...call, ...callChange(call, event) });
  const { handle: _, ...answered } = call;
  return items.with(at, { ...answered, ...callChange(call, event) });
}

function callChange(
  call: ToolCallItem,
  event: Exclude<CallEvent, { type: 'tool_call.started' }>,
): Partial<ToolCallItem> {
  switch (event.type) {
    case 'tool_call.arguments.delta':
      return { arguments: call.arguments + event.delta };
    case 'tool_call.ready':
      return {
        arguments: event.arguments,
        ready: true,
        ...(event.extraContent && { extraContent: event.extraContent }),
      };
    case 'approval.requested': {
      const { approvalId, expiresAt, at, ask } = event;
      return { approval: { approvalId, requestedAt: at, expiresAt, ...(ask && { ask }) } };
    }
    case 'approval.resolved': {
      const { approvalId, decision, by, answers } = event;
      return { approval: { ...call.approval, approvalId, decision, by, ...(answers && { answers }) } };
    }
    case 'tool.started':
      return { dispatched: true };
    case 'tool.progress':
      return event.handle ? { handle: event.handle } : {};
    case 'tool.completed':
      return {
        output: event.output,
        isError: event.isError,
        durationMs: event.durationMs,
        ...(event.images && { images: event.images }),
      };
  }
}
