import type { SseFrame } from '../../sse-frame.js';

/**
 * A sign of life while a run waits for an approval, a slow tool or a long thought. It is an event and not a comment,
 * because agents end a stream that has no event for some minutes. It is the only type without a response in it that
 * every published helper accepts. It has no `sequence_number`, because it is not part of the log and no cursor leads to
 * it.
 */
export const RESPONSES_KEEPALIVE = { event: 'keepalive', data: '{"type":"keepalive"}' } as const satisfies SseFrame;
