import { foldAll, type EventOf, type LoggedEvent, type RunEvent, type RunSnapshot } from '#libs/contract';
import type { AgentPorts } from './ports.js';

/**
 * Everything that the run has said so far. All events of the agent pass through here and are folded with the same
 * `fold` that a later attempt will use, so a continuing run and a resumed run build on the same facts.
 */
export interface RunBook {
  /** Passes the event on. Await the result only when it is a promise, because a delta must cost next to nothing. */
  emit(event: RunEvent): Promise<void> | undefined;
  /** The run with everything emitted so far. The folding happens here, so call this between steps, not per delta. */
  snapshot(): RunSnapshot;
}

/** Opens the book at the end of the log whose fold is `resume`. */
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
 * Events that are not folded yet. Consecutive deltas of a text form one growing string instead of one event per token.
 */
class PendingEvents {
  private readonly events: RunEvent[] = [];
  private open: Piece | undefined;

  add(event: RunEvent): void {
    switch (event.type) {
      case 'text.delta':
        if (!('image' in event || 'compaction' in event || 'vectors' in event)) return this.addText(event);
        this.open = undefined;
        this.events.push(event);
        return;
      case 'refusal.delta':
        return this.addText(event);
      case 'reasoning.delta':
        this.addText(event);
        if (event.seal) this.seal(event);
        return;
      case 'tool.progress':
        // Only for display, without a handle.
        if (event.handle) this.events.push(event);
        return;
      case 'tool_call.arguments.delta':
        // The next step does not need these events: `tool_call.ready` has the complete arguments.
        return;
      default:
        this.open = undefined;
        this.events.push(event);
    }
  }

  /** These numbers differ from those of the log, because deltas were merged. The agent never uses them. */
  stamped(seq: number, at: number): LoggedEvent[] {
    return this.events.map((event) => ({ ...event, seq, at }));
  }

  /** The seal belongs to the current block of reasoning, and ends that block. */
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
