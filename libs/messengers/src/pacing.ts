export interface PreviewPace {
  /** Tokens after which the first text is shown. */
  readonly firstTokens: number;
  /** Between two edits of a short answer in a private chat, in ms. */
  readonly editMs: number;
}

export interface PreviewState {
  readonly isGroup: boolean;
  /** Characters of the answer so far. */
  readonly chars: number;
  /** When its first text came, and when the chat saw it last (absent: not yet), in ms. */
  readonly firstTextAt: number;
  readonly shownAt?: number;
}

/** A reader waits for no longer than so for the first text, however slowly it comes. */
const FIRST_MS_MAX = 700;
const CHARS_PER_TOKEN = 4;
/** In groups a platform allows a third of the calls, and the final text must have one of them. */
const GROUP_FACTOR = 3;
/** An answer of so many characters is edited half as often. */
const SLOWER_BY_CHARS = 4_000;
const EDIT_MS_MAX = 20_000;

/** When the answer so far is to be shown, in ms: the first text after N tokens, then by time, the longer the slower. */
export function previewAt({ firstTokens, editMs }: PreviewPace, state: PreviewState): number {
  const { isGroup, chars, firstTextAt, shownAt } = state;
  if (shownAt === undefined) return chars >= firstTokens * CHARS_PER_TOKEN ? firstTextAt : firstTextAt + FIRST_MS_MAX;
  const gap = editMs * (isGroup ? GROUP_FACTOR : 1) * (1 + chars / SLOWER_BY_CHARS);
  return shownAt + Math.min(gap, EDIT_MS_MAX);
}
