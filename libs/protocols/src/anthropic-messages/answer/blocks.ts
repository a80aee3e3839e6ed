import type { JsonObject, RunError } from '#libs/contract';
import type { Encoded } from '../../protocol/protocol.js';
import { NO_FRAMES } from '../../sse-frame.js';
import { anthropicError } from '../anthropic-errors.js';
import { inTurn, type Move } from '../../protocol/moves.js';
import { frame, nothing, type MessagesState, type OpenBlock } from './messages-state.js';

/**
 * A whole block: its start says everything, and no delta follows. The one form that all clients take for server
 * tools.
 */
export function wholeBlock(block: JsonObject): Move<MessagesState> {
  return (state) => {
    const index = state.blocks;
    const start = frame('content_block_start', { index, content_block: block });
    return [{ ...state, blocks: index + 1 }, [start, frame('content_block_stop', { index })]];
  };
}

/** Begins a block that deltas go on with. @param open what the state has to know of it, from its index. */
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

/** Ends the open block. Blocks follow each other, so the open one is always the last. */
export const closeBlock: Move<MessagesState> = (state) => {
  if (!state.open) return [state, NO_FRAMES];
  const close: Move<MessagesState> = (open) => [
    { ...open, open: null },
    [frame('content_block_stop', { index: open.blocks - 1 })],
  ];
  // Every thinking block has a signature. Clients send an empty one back like any other.
  return state.open.kind === 'thinking' ? inTurn(state, sign(''), close) : close(state);
};

/** The signature comes once and whole: clients keep the last one that they hear. */
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

/** Ends the stream with an error. Nothing follows. */
export function breakOff(state: MessagesState, error: RunError): Encoded<MessagesState> {
  const { type: _, ...body } = anthropicError(error);
  return [{ ...state, stage: 'ended', open: null }, [frame('error', body)]];
}
