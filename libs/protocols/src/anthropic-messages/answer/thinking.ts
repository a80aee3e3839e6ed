import type { EventOf, ReasoningSeal } from '#libs/contract';
import type { Encoded } from '../../protocol/protocol.js';
import { packReasoning } from '../../sealed-reasoning.js';
import { NO_FRAMES } from '../../sse-frame.js';
import { closeBlock, closeThinking, deltaFrame, deltaHead, openBlock, wholeBlock } from './blocks.js';
import { inTurn, type Move } from '../../protocol/moves.js';
import type { MessagesState, OpenBlock } from './messages-state.js';

type Thinking = OpenBlock & { readonly kind: 'thinking' };

/**
 * Reasoning in the form that the request wants. The client's history returns the state that the upstream attached: as
 * the block's signature, or as a `redacted_thinking` block where the client sees no text.
 */
export function think(state: MessagesState, event: EventOf<'reasoning.delta'>): Encoded<MessagesState> {
  if (event.text === '' && !event.seal) return [state, NO_FRAMES];
  if (state.echo.display === 'hidden') return hide(state, event);
  const { open } = state;
  const isOpen = open?.kind === 'thinking' && open.step === event.step;
  if (event.seal?.encrypted !== undefined && event.text === '' && !isOpen) {
    return inTurn(state, closeBlock, wholeBlock({ type: 'redacted_thinking', data: event.seal.encrypted }));
  }
  const begin: Move<MessagesState> = isOpen ? (same) => [same, NO_FRAMES] : begun(event.step);
  return inTurn(state, begin, say(event.text), (said) => end(said, event.seal));
}

function begun(step: number): Move<MessagesState> {
  const block = { type: 'thinking', thinking: '', signature: '' };
  const head = (index: number): string => deltaHead(index, 'thinking_delta', 'thinking');
  return (state) =>
    inTurn(
      state,
      closeBlock,
      openBlock(block, (index) => ({ kind: 'thinking', step, head: head(index), text: '' })),
    );
}

function say(text: string): Move<MessagesState> {
  return (state) => {
    const open = state.open as Thinking;
    const isShown = state.echo.display === 'shown' && text !== '';
    const grown = { ...state, open: { ...open, text: open.text + text } };
    return [grown, isShown ? [deltaFrame(open.head, text)] : NO_FRAMES];
  };
}

function end(state: MessagesState, seal: ReasoningSeal | undefined): Encoded<MessagesState> {
  return seal
    ? closeThinking(state, signatureOf(state.open as Thinking, seal, state.echo.display))
    : [state, NO_FRAMES];
}

/** Anthropic's own signature where the client sees its text; otherwise text and state in one. */
function signatureOf({ text }: Thinking, seal: ReasoningSeal, display: string): string {
  const isPlain = seal.form === 'anthropic' && seal.encrypted === undefined;
  if (isPlain && (display === 'shown' || text === '')) return seal.signature ?? '';
  return packReasoning({ text, seal });
}

/**
 * Ends an open block of reasoning without attached state. Where its text is not shown, the signature holds the text.
 */
export const settleThinking: Move<MessagesState> = (state) => {
  const { open, echo } = state;
  if (open?.kind !== 'thinking') return [state, NO_FRAMES];
  return closeThinking(state, echo.display === 'omitted' && open.text !== '' ? packReasoning({ text: open.text }) : '');
};

/** Keeps hidden reasoning until a call of the step needs it. */
function hide(state: MessagesState, { text, seal }: EventOf<'reasoning.delta'>): Encoded<MessagesState> {
  const [open = '', ...sealed] = state.hidden;
  if (!seal) return [{ ...state, hidden: [open + text, ...sealed] }, NO_FRAMES];
  return [{ ...state, hidden: ['', ...sealed, packReasoning({ text: open + text, seal })] }, NO_FRAMES];
}

/**
 * Sends hidden reasoning as blocks without text before the first call of a step. Without them the upstream would refuse
 * the result of the call.
 */
export const revealHidden: Move<MessagesState> = (state) => {
  const [open = '', ...sealed] = state.hidden;
  const packed = open === '' ? sealed : [...sealed, packReasoning({ text: open })];
  const blocks = packed.map((data) => wholeBlock({ type: 'redacted_thinking', data }));
  return inTurn({ ...state, hidden: [] }, ...blocks);
};
