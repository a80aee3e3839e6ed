import type { JsonObject, RunError } from '#libs/contract';
import type { Encoded } from '../../protocol/protocol.js';
import { NO_FRAMES } from '../../sse-frame.js';
import { anthropicError } from '../anthropic-errors.js';
import { inTurn, type Move } from '../../protocol/moves.js';
import { frame, nothing, type MessagesState, type OpenBlock } from './messages-state.js';

/**
 * Sends a whole block: its start carries everything, and no delta follows. All clients accept server tools in this
 * form.
 */
export function wholeBlock(block: JsonObject): Move<MessagesState> {
  return (state) => {
    const index = state.blocks;
    const start = frame('content_block_start', { index, content_block: block });
    return [{ ...state, blocks: index + 1 }, [start, frame('content_block_stop', { index })]];
  };
}

/** Begins a block that deltas continue. @param open makes what the state must remember of the block, from its index. */
export function openBlock(block: JsonObject, open: (index: number) => OpenBlock): Move<MessagesState> {
  return (state) => {
    const index = state.blocks;
    const start = frame('content_block_start', { index, content_block: block });
    return [{ ...state, blocks: index + 1, open: open(index) }, [start]];
  };
}

/** The head of a delta frame up to its text, so that a token costs one JSON.stringify. */
export function deltaHead(index: number, type: string, field: string): string {
  return `{"type":"content_block_delta","index":${index},"delta":{"type":"${type}","${field}":`;
}

/** One token. */
export function deltaFrame(head: string, text: string): { readonly event: string; readonly data: string } {
  return { event: 'content_block_delta', data: `${head}${JSON.stringify(text)}}}` };
}

export function delta(fields: JsonObject): Move<MessagesState> {
  return (state) => [state, [frame('content_block_delta', { index: state.blocks - 1, delta: fields })]];
}

/** Ends the open block. Blocks come one after the other, so the open one is always the last. */
export const closeBlock: Move<MessagesState> = (state) => {
  if (!state.open) return [state, NO_FRAMES];
  const close: Move<MessagesState> = (open) => [
    { ...open, open: null },
    [frame('content_block_stop', { index: open.blocks - 1 })],
  ];
  // Every thinking block has a signature. Clients send an empty one back like any other.
  return state.open.kind === 'thinking' ? inTurn(state, sign(''), close) : close(state);
};

/** The signature comes once and whole, because clients keep only the last one. */
export function sign(signature: string): Move<MessagesState> {
  return signature === '' ? nothing : delta({ type: 'signature_delta', signature });
}

/** Ends a thinking block with its signature. */
export function closeThinking(state: MessagesState, signature: string): Encoded<MessagesState> {
  return inTurn(state, sign(signature), (signed) => [
    { ...signed, open: null },
    [frame('content_block_stop', { index: signed.blocks - 1 })],
  ]);
}

/** Ends the stream with an error. Nothing follows it. */
export function breakOff(state: MessagesState, error: RunError): Encoded<MessagesState> {
  const { type: _, ...body } = anthropicError(error);
  return [{ ...state, stage: 'ended', open: null }, [frame('error', body)]];
}
