import { fold, type EventOf, type JsonObject, type LoggedEvent, type RunSnapshot } from '#libs/contract';
import type { Encoded } from '../../protocol/protocol.js';
import { inTurn } from '../../protocol/moves.js';
import { approvalWords } from '../../runs/approval-words.js';
import { NO_FRAMES } from '../../sse-frame.js';
import { toldIdOf } from '../ids.js';
import { textItem, textPart } from './output-item.js';
import { outputItems } from './output-items.js';
import { responseWith } from './response-object.js';
import { say, type ResponsesState, type ToldItem } from './responses-state.js';

/**
 * A call that waits for approval, in words: a message of its own, complete at once. The words are the gateway's, so the
 * message is in the stream and in its last event, and in no response that is kept.
 */
export function tellApproval(
  state: ResponsesState,
  event: LoggedEvent<EventOf<'approval.requested'>>,
): Encoded<ResponsesState> {
  const noted = { ...state, run: fold(state.run, event) };
  const { echo, run, outputCount: output_index } = noted;
  if (!echo.saysApprovals || run.compacts) return [noted, NO_FRAMES];
  const id = toldIdOf(event.approvalId);
  const output = { kind: 'text', id, text: approvalWords(event, run.runId).trim(), logprobs: [] } as const;
  const item = { ...textItem(output, 'completed'), phase: 'commentary' };
  const place = { item_id: id, output_index, content_index: 0 };
  const told = [...noted.told, { outputIndex: output_index, item }];
  return inTurn(
    { ...noted, told, outputCount: output_index + 1 },
    say('response.output_item.added', { output_index, item: textItem(output, 'in_progress', 'empty') }),
    say('response.content_part.added', { ...place, part: textPart({ ...output, text: '' }) }),
    say('response.output_text.delta', { ...place, delta: output.text, logprobs: [] }),
    say('response.output_text.done', { ...place, text: output.text, logprobs: [] }),
    say('response.content_part.done', { ...place, part: textPart(output) }),
    say('response.output_item.done', { output_index, item }),
  );
}

/** The response at the end of a stream, with the items that were told at their places. */
export function responseTold(run: RunSnapshot, told: readonly ToldItem[]): JsonObject {
  const output = [...outputItems(run)];
  for (const { outputIndex, item } of told) output.splice(outputIndex, 0, item);
  return responseWith(run, output);
}
