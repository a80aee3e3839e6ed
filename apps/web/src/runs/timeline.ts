import type { RunFrame } from '#libs/wire';

export type SpanKind = 'queue' | 'attempt' | 'model' | 'tool' | 'approval' | 'interrupted';

/** A bar of the timeline. Times are seconds since the epoch; without `to` it goes on. */
export interface Span {
  readonly kind: SpanKind;
  readonly name: string;
  readonly from: number;
  readonly to?: number;
  readonly note?: string;
}

/** The bars of a run, in the order in which they begin: waiting, attempts, model calls, tools, approvals. */
export function spansOf(frames: readonly RunFrame[]): readonly Span[] {
  return frames.reduce(addFrame, []);
}

type Spans = readonly Span[];

function addFrame(spans: Spans, frame: RunFrame): Spans {
  const at = frame.timestamp;
  switch (frame.event) {
    case 'run.queued':
      return [...spans, { kind: 'queue', name: 'Queue', from: at }];
    case 'run.started': {
      const name = `Attempt ${frame.attempt}`;
      return [...closeAll(spans, at, ['queue', 'attempt']), { kind: 'attempt', name, from: at }];
    }
    case 'step.started':
      return [...spans, { kind: 'model', name: `Step ${frame.step}: ${frame.model}`, from: at }];
    case 'tool.started':
      return [...closeAll(spans, at, ['model']), { kind: 'tool', name: frame.tool, from: at }];
    case 'approval.request':
      return [...closeAll(spans, at, ['model']), { kind: 'approval', name: `Approval of ${frame.tool}`, from: at }];
    case 'approval.responded':
      return close(spans, at, { kind: 'approval', note: `${frame.choice} by ${frame.by}` });
    case 'tool.completed':
      return close(spans, at, { kind: 'tool', name: frame.tool, ...(frame.error && { note: 'failed' }) });
    case 'step.completed':
      return close(spans, at, { kind: 'model', note: `${frame.usage.total_tokens} tokens` });
    case 'step.interrupted':
      return closeAll(spans, at, ['tool', 'approval']).map((span) =>
        span.kind === 'model' && span.to === undefined
          ? { ...span, kind: 'interrupted', to: at, note: frame.reason }
          : span,
      );
    case 'run.completed':
    case 'run.incomplete':
    case 'run.failed':
    case 'run.cancelled':
      return closeAll(spans, at, ['queue', 'attempt', 'model', 'tool', 'approval']);
    default:
      return spans;
  }
}

function closeAll(spans: Spans, at: number, kinds: readonly SpanKind[]): Spans {
  return spans.map((span) => (span.to === undefined && kinds.includes(span.kind) ? { ...span, to: at } : span));
}

/** Ends the oldest open bar of this kind and name; of a closed model call only the note is added. */
function close(spans: Spans, at: number, what: { kind: SpanKind; name?: string; note?: string }): Spans {
  const { kind, name, note } = what;
  const isIt = (span: Span): boolean => span.kind === kind && (name === undefined || span.name === name);
  const open = spans.findIndex((span) => isIt(span) && span.to === undefined);
  const index = open >= 0 ? open : kind === 'model' ? spans.findLastIndex(isIt) : -1;
  const span = spans[index];
  if (!span) return spans;
  return spans.toSpliced(index, 1, { ...span, to: span.to ?? at, ...(note !== undefined && { note }) });
}
