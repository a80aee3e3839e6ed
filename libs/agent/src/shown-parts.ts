import { LIMITS, movedCitation, textStart, type Citation, type EventOf, type ModelEvent } from '#libs/contract';
import { imageRoom } from './calls/bound-images.js';
import type { RunBook } from './run-book.js';

type Shown = Extract<ModelEvent, { type: 'citations' | 'image' | 'vectors' }>;

/** What a model gives beside words, as an event of the run. */
export function shownPart(book: RunBook, step: number, event: Shown): EventOf<'text.delta'> {
  switch (event.type) {
    case 'citations':
      return { type: 'text.delta', step, text: '', citations: placedCitations(book, step, event.citations) };
    case 'image':
      return shownImage(book, step, event.url);
    case 'vectors':
      return { type: 'text.delta', step, text: '', vectors: event.vectors };
  }
}

/** An upstream counts positions from the beginning of its answer; a run counts them over all of its steps. */
function placedCitations(book: RunBook, step: number, citations: readonly Citation[]): readonly Citation[] {
  const before = book.snapshot().items.filter((item) => item.step < step);
  const start = textStart(before, step);
  return citations.map((citation) => movedCitation(citation, start));
}

/** An image of the model, or a short note about it when the image does not fit into the run's log. */
function shownImage(book: RunBook, step: number, url: string): EventOf<'text.delta'> {
  const room = Math.min(LIMITS.modelImageBytesMax, imageRoom(book.snapshot()));
  // Base64: a character is a byte.
  if (url.length <= room) return { type: 'text.delta', step, text: '', image: url };
  return { type: 'text.delta', step, text: `[An image of ${url.length} bytes was left out: too large for this run.]` };
}
