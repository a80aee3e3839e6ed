import { NO_USAGE, type ToolCallItem, type Usage } from '#libs/contract';
import type { Taking } from '../../protocol/continuation.js';

/** What is known of one call while its step goes on, and behind it. */
export interface UiCall extends Pick<ToolCallItem, 'callId' | 'name' | 'executedBy' | 'approval'> {
  readonly step: number;
  readonly isReady: boolean;
  /** Its result was told. */
  readonly isDone: boolean;
}

/** Words of one kind in one step. A refusal is a text of its own. */
export interface OpenPart {
  readonly kind: 'text' | 'reasoning' | 'refusal';
  /** '' before its first word: it was not begun. */
  readonly id: string;
  /** Of reasoning: all of it, which the upstream's proof is for. */
  readonly text: string;
}

/** What the encoder remembers of the stream it has written. Never changed in place. */
export interface UiState {
  readonly runId: string;
  /** [DONE] was sent: nothing follows it. */
  readonly ended: boolean;
  /** It was sent because the client has to answer; the run waits. */
  readonly paused: boolean;
  /** A `run.parked` of this number or a later one ends the stream: at earlier ones the run went on. */
  readonly pausesFrom: number;
  /**
   * The client has heard the run up to where it was parked for the last of these requests: until then nothing is sent.
   * null: everything is.
   */
  readonly heard: ReadonlySet<string> | null;
  /** `reset`: what was said of the step was taken back, and its successor begins without another `start-step`. */
  readonly step: 'none' | 'open' | 'reset';
  /** The part that grows. */
  readonly open: OpenPart | null;
  /** Parts of words so far: their ids are made of it. */
  readonly parts: number;
  readonly steers: number;
  readonly calls: readonly UiCall[];
  readonly usage: Usage;
}

/** @param taking absent: the first stream of its run. */
export function begin({ pausesFrom, heard }: Taking = { pausesFrom: 0 }): UiState {
  return {
    runId: '',
    ended: false,
    paused: false,
    pausesFrom,
    heard: heard ?? null,
    step: 'none',
    open: null,
    parts: 0,
    steers: 0,
    calls: [],
    usage: NO_USAGE,
  };
}
