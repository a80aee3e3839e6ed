import { isTerminal, toRunError, type LoggedEvent, type RunError } from '#libs/contract';
import { renderFrame, type SseFrame } from '#libs/protocols';
import type { EventStream } from './event-stream.js';

/** A fold from events to frames: a protocol, or the encoder of run events. */
export interface Encoder<S> {
  begin(): S;
  encode(state: S, event: LoggedEvent): readonly [S, readonly SseFrame[]];
  /** Sent when the stream has been silent for a while. Absent: a comment. */
  readonly keepalive?: SseFrame;
  /** Whether the stream has ended, whatever happens to the run. */
  hasEnded?(state: S): boolean;
  /**
   * What is said when this process cannot follow the run any further though the run goes on: no end, and no frame that
   * a client could resume from. Absent: the failure is told as that of a run.
   */
  breakOff?(state: S, error: RunError): readonly SseFrame[];
  /** That is because the run waits for the client. */
  isPaused?(state: S): boolean;
  /** The same for the failure of the stream itself, where `encode` leaves out what was heard before. */
  fail?(state: S, event: LoggedEvent): readonly [S, readonly SseFrame[]];
}

/**
 * Sends one run's events to one client. Up to `spokenUpTo` the encoder is fed without output. In this way a stream is
 * resumed from any number, on any replica, without any saved state.
 */
export class Relay<S> {
  private state: S;
  private lastSeq = 0;
  /** The run's terminal event was sent. */
  hasHeardEnd = false;

  constructor(
    private readonly encoder: Encoder<S>,
    private readonly stream: EventStream,
    private readonly spokenUpTo: number,
  ) {
    this.state = encoder.begin();
  }

  /** Whether there is nothing left to send. */
  readonly hasEnded = (): boolean => this.encoder.hasEnded?.(this.state) ?? false;

  /** Whether that is because the run waits for the client's answer. */
  readonly isPaused = (): boolean => this.encoder.isPaused?.(this.state) ?? false;

  /** Sends a batch to the client. A promise means that the client must catch up first. */
  readonly take = (batch: readonly LoggedEvent[]): Promise<void> | undefined => this.speak(batch, 0);

  /**
   * Reports a failure of the relay itself in the stream, in the form of a failed run, even before the first event that
   * the client does not have. A broken answer never looks complete.
   */
  fail(cause: unknown): Promise<void> | undefined {
    const { encoder } = this;
    const error = toRunError(cause);
    if (error.code === 'queue_unavailable' && encoder.breakOff) {
      return this.say(encoder.breakOff(this.state, error)) ?? this.stream.flush();
    }
    const seq = Math.max(this.lastSeq, this.spokenUpTo) + 1;
    const event = { type: 'run.failed', error, seq, at: Date.now() } as const;
    const [state, frames] = encoder.fail ? encoder.fail(this.state, event) : encoder.encode(this.state, event);
    this.state = state;
    return this.say(frames) ?? this.stream.flush();
  }

  private speak(batch: readonly LoggedEvent[], from: number): Promise<void> | undefined {
    for (let i = from; i < batch.length; i++) {
      const pause = this.speakOne(batch[i] as LoggedEvent);
      if (pause) return pause.then(() => this.speak(batch, i + 1));
    }
    return this.stream.flush();
  }

  private speakOne(event: LoggedEvent): Promise<void> | undefined {
    const [state, frames] = this.encoder.encode(this.state, event);
    this.state = state;
    this.lastSeq = event.seq;
    this.hasHeardEnd ||= isTerminal(event);
    return event.seq <= this.spokenUpTo ? undefined : this.say(frames);
  }

  private say(frames: readonly SseFrame[]): Promise<void> | undefined {
    let pause: Promise<void> | undefined;
    for (const frame of frames) pause = this.stream.add(renderFrame(frame)) ?? pause;
    return pause;
  }
}
