import type { Citation, EventOf, JsonObject } from '#libs/contract';
import type { Encoded } from '../../protocol/protocol.js';
import type { SseFrame } from '../../sse-frame.js';
import type { ChatState } from './chat-state.js';
import { deltaChunk } from './chunk.js';

/** `annotations` of a message (OpenAI API reference, chat completion object). */
export function annotationsOf(citations: readonly Citation[]): JsonObject[] {
  return citations.map(({ url, title, start, end, content }) => ({
    type: 'url_citation',
    url_citation: { url, title, start_index: start, end_index: end, ...(content !== undefined && { content }) },
  }));
}

/** An entry of `images`, the form in which compatible servers show the images of a model. */
export function imageEntry(url: string, index: number): JsonObject {
  return { type: 'image_url', image_url: { url }, index };
}

/** The parts of a piece of text besides its words. */
export function showParts(state: ChatState, { citations, image }: EventOf<'text.delta'>): Encoded<ChatState> {
  const frames: SseFrame[] = [];
  if (citations) frames.push(deltaChunk(state.shape, { annotations: annotationsOf(citations) }));
  if (image === undefined) return [state, frames];
  frames.push(deltaChunk(state.shape, { images: [imageEntry(image, state.images)] }));
  return [{ ...state, images: state.images + 1, committed: true }, frames];
}
