import type { OutputItem, TextItem } from './output-item.js';
import type { LoggedEvent } from './run-event.js';

/** A piece of the model's text, reasoning or refusal. */
export type TextDelta = LoggedEvent & { type: 'text.delta' | 'reasoning.delta' | 'refusal.delta' };

export const isTextDelta = (event: LoggedEvent): event is TextDelta => event.type in ITEM_OF;
const ITEM_OF = { 'text.delta': 'text', 'reasoning.delta': 'reasoning', 'refusal.delta': 'refusal' } as const;

/**
 * The items after one more piece of text, which continues the last item of its kind in its step or begins a new one.
 */
export function appendText(items: readonly OutputItem[], event: TextDelta): readonly OutputItem[] {
  const type = ITEM_OF[event.type];
  const { step, text } = event;
  const beside = besideOf(event);
  const last = items.at(-1);
  const isWhole = isAlone(beside);
  if (isWhole || last?.type !== type || last.step !== step || endsItem(last)) {
    return [...items, { type, step, status: 'in_progress', text, ...beside }];
  }
  return items.with(-1, { ...last, text: last.text + text, ...beside, ...joinedLists(last, beside) });
}

type Beside = Pick<TextItem, 'logprobs' | 'citations' | 'image' | 'compaction' | 'vectors' | 'seal'>;

function besideOf(event: TextDelta): Beside {
  if (event.type === 'refusal.delta') return {};
  if (event.type === 'reasoning.delta') return event.seal ? { seal: event.seal } : {};
  const { type: _, step: __, text: ___, seq: ____, at: _____, ...beside } = event;
  return beside;
}

/** Whether the item holds something else than text, and so no other piece. */
const isAlone = ({ image, compaction, vectors }: Beside): boolean =>
  image !== undefined || compaction !== undefined || vectors !== undefined;

const endsItem = (beside: Beside): boolean => beside.seal !== undefined || isAlone(beside);

const joinedLists = (last: Beside, { logprobs, citations }: Beside): Beside => ({
  ...(logprobs && { logprobs: [...(last.logprobs ?? []), ...logprobs] }),
  ...(citations && { citations: [...(last.citations ?? []), ...citations] }),
});
