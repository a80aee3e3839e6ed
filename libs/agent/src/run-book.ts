import { foldAll, type EventOf, type LoggedEvent, type RunEvent, type RunSnapshot } from '#libs/contract';
import type { AgentPorts } from './ports.js';

/**
 * What the run has said so far. Everything the agent emits passes through here and is folded with the same `fold` that
 * a later attempt will use, so a run that goes on and a run that is resumed build on the same facts.
 */
export interface RunBook {
  /** Hands the event on. Await the result only when it is a promise: a delta must cost next to nothing. */
  emit(event: RunEvent): Promise<void> | undefined;
  /** The run with everything emitted so far. Folding happens here; ask between steps, not per delta. */
  snapshot(): RunSnapshot;
}

/** Opens the book at the end of the log that `resume` is the fold of. */
export function openRunBook(resume: RunSnapshot, ports: Pick<AgentPorts, 'emit' | 'now'>): RunBook {
  let snapshot = resume;
  let pending = new PendingEvents();
  return {
    emit(event) {
      pending.add(event);
      return ports.emit(event);
    },
    snapshot() {
      snapshot = foldAll(pending.stamped(snapshot.lastSeq, ports.now()), snapshot);
      pending = new PendingEvents();
      return snapshot;
    },
  };
}

type Piece = { type: 'text.delta' | 'reasoning.delta' | 'refusal.delta'; step: number; text: string };

/**
 * Events that are not folded yet. Consecutive deltas of a text are kept as one growing string, not as one event per
 * token.
 */
class PendingEvents {
  private readonly events: RunEvent[] = [];
  private open: Piece | undefined;

  add(event: RunEvent): void {
    switch (event.type) {
      case 'text.delta':
        if (event.image === undefined && event.compaction === undefined) return this.addText(event);
        this.open = undefined;
        this.events.push(event);
        return;
      case 'refusal.delta':
        return this.addText(event);
      case 'reasoning.delta':
        this.addText(event);
        if (event.seal) this.seal(event);
        return;
      case 'tool_call.arguments.delta':
      case 'tool.progress':
        // The next step does not need these: arguments come complete with tool_call.ready, progress is only shown.
        return;
      default:
        this.open = undefined;
        this.events.push(event);
    }
  }

  /** The numbers are not those of the log (deltas were merged); the agent never looks at them. */
  stamped(seq: number, at: number): LoggedEvent[] {
    return this.events.map((event) => ({ ...event, seq, at }));
  }

  /** The seal belongs to the block of reasoning that was just added to, and ends that block. */
  private seal({ step, seal }: EventOf<'reasoning.delta'>): void {
    this.open = undefined;
    if (seal) this.events.push({ type: 'reasoning.delta', step, text: '', seal });
  }

  private addText({ type, step, text }: Piece): void {
    if (this.open?.type === type && this.open.step === step) {
      this.open.text += text;
      return;
    }
    this.open = { type, step, text };
    this.events.push(this.open);
  }
}
