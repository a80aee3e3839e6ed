import type { SseFrame } from '../../sse-frame.js';

/**
 * A sign of life while a run waits: for an approval, a slow tool, a long thought. An event and no comment, because
 * agents end a stream that gives no event for some minutes. It is the one type without a response in it that every
 * published helper takes. It has no `sequence_number`: it is not of the log, and no cursor leads to it.
 */
export const RESPONSES_KEEPALIVE = { event: 'keepalive', data: '{"type":"keepalive"}' } as const satisfies SseFrame;
