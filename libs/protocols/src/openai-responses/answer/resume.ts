import type { LoggedEvent, RunError } from '#libs/contract';
import type { Encoded } from '../../protocol/protocol.js';
import type { SseFrame } from '../../sse-frame.js';
import { breakOff, encode } from './encode-stream.js';
import { RESPONSES_KEEPALIVE } from './keepalive.js';
import { begin, type ResponsesState } from './responses-state.js';

interface ResumedEncoder {
  readonly keepalive: SseFrame;
  begin(): ResponsesState;
  encode(state: ResponsesState, event: LoggedEvent): Encoded<ResponsesState>;
  /**
   * The stream itself failed. Before the cursor is reached, the response so far is older than the client's state, so
   * the client gets an `error` and nothing of the response.
   */
  fail(state: ResponsesState, event: LoggedEvent): Encoded<ResponsesState>;
  breakOff(state: ResponsesState, error: RunError): readonly SseFrame[];
}

/**
 * An encoder that leaves out the frames up to the number `startingAfter`. Feed it the whole log. [DONE] always comes.
 * Frames have the same numbers as in the first stream as long as the log is the same. After the log has expired, the
 * events made from the stored run have other numbers.
 */
export function resumedAfter(startingAfter: number): ResumedEncoder {
  return {
    keepalive: RESPONSES_KEEPALIVE,
    begin,
    encode(state, event) {
      const [next, frames] = encode(state, event);
      const heard = Math.max(0, startingAfter + 1 - state.sequence);
      const numbered = next.sequence - state.sequence;
      return [next, heard === 0 ? frames : frames.slice(Math.min(heard, numbered))];
    },
    fail(state, event) {
      if (state.sequence > startingAfter) return encode(state, event);
      return encode({ ...begin(), sequence: startingAfter + 1 }, event);
    },
    breakOff: (state, error) => breakOff({ ...state, sequence: Math.max(state.sequence, startingAfter + 1) }, error),
  };
}
