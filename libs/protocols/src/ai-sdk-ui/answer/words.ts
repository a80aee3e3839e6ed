import type { EventOf, Reasoning } from '#libs/contract';
import type { Encoded } from '../../protocol/protocol.js';
import { NO_FRAMES, type SseFrame } from '../../sse-frame.js';
import { chunk, deltaChunk, filePart, sourcePart } from './chunks.js';
import { sealMetadata } from './reasoning-state.js';
import type { OpenPart, UiState } from './ui-state.js';

const wordOf = ({ kind }: Pick<OpenPart, 'kind'>): 'text' | 'reasoning' => (kind === 'reasoning' ? kind : 'text');

/** Ends the part that grows, if there is one. */
export function closePart(state: UiState, providerMetadata?: ReturnType<typeof sealMetadata>): Encoded<UiState> {
  const { open } = state;
  if (!open) return [state, NO_FRAMES];
  const closed = { ...state, open: null };
  if (open.id === '') return [closed, NO_FRAMES];
  return [closed, [chunk(`${wordOf(open)}-end`, { id: open.id, ...(providerMetadata && { providerMetadata }) })]];
}

/** Words of one kind: they continue the part that grows, or begin another one. */
function speak(state: UiState, kind: OpenPart['kind'], text: string, mustBegin = false): Encoded<UiState> {
  const [here, ended] = state.open?.kind === kind ? [state, NO_FRAMES] : closePart(state);
  const open = here.open ?? { kind, id: '', text: '' };
  if (text === '' && !mustBegin) return [{ ...here, open }, ended];
  const isNew = open.id === '';
  const id = isNew ? `part_${here.parts}` : open.id;
  const frames: SseFrame[] = isNew ? [...ended, chunk(`${wordOf(open)}-start`, { id })] : [...ended];
  if (text !== '') frames.push(deltaChunk(wordOf(open), id, text));
  const whole = kind === 'reasoning' ? open.text + text : '';
  return [{ ...here, parts: here.parts + (isNew ? 1 : 0), open: { kind, id, text: whole } }, frames];
}

export function say(state: UiState, event: EventOf<'text.delta'>): Encoded<UiState> {
  const { text, citations = [], image, compaction } = event;
  if (image !== undefined || compaction !== undefined) {
    const [closed, frames] = closePart(state);
    return [closed, image === undefined ? frames : [...frames, chunk('file', filePart(image))]];
  }
  const [said, frames] = speak(state, 'text', text, citations.length > 0);
  if (citations.length === 0) return [said, frames];
  return [said, [...frames, ...citations.map((citation) => chunk('source-url', sourcePart(citation)))]];
}

export function refuse(state: UiState, { text }: EventOf<'refusal.delta'>): Encoded<UiState> {
  return speak(state, 'refusal', text);
}

/** A seal ends its block, and stands at its end: it may come without a word. */
export function think(state: UiState, { text, seal }: EventOf<'reasoning.delta'>): Encoded<UiState> {
  if (!seal) return speak(state, 'reasoning', text);
  const before = state.open?.kind === 'reasoning' ? state.open.text : '';
  const block: Reasoning = { text: before + text, seal };
  const metadata = sealMetadata(block);
  const [said, frames] = speak(state, 'reasoning', text, metadata !== undefined);
  const [closed, ended] = closePart(said, metadata);
  return [closed, [...frames, ...ended]];
}
