import type { SseFrame } from '../sse-frame.js';
import type { Encoded } from './protocol.js';

/** One step of a stream, after which others may follow. */
export type Move<S> = (state: S) => Encoded<S>;

/** Makes moves one after the other and returns all their frames. */
export function inTurn<S>(state: S, ...moves: readonly Move<S>[]): Encoded<S> {
  const frames: SseFrame[] = [];
  let current = state;
  for (const move of moves) {
    const [next, said] = move(current);
    current = next;
    frames.push(...said);
  }
  return [current, frames];
}
