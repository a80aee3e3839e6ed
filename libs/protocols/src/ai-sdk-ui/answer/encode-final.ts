import type { JsonObject, OutputItem, RunSnapshot, TextItem, ToolCallItem } from '#libs/contract';
import { messageIdOf, wireApprovalId } from '../ids.js';
import { readUiEcho } from '../ui-echo.js';
import { endMetadata, filePart, sourcePart, startMetadata } from './chunks.js';
import { steerId } from './encode-stream.js';
import { callMetadata, sealMetadata } from './reasoning-state.js';
import { descriptorOf } from './tool-chunks.js';
import { CUT_CALL, grantOf, isDenied, readInput } from './tool-values.js';

/** The message that a reader of the whole stream puts together (AI SDK's `UIMessage`). */
export function final(snapshot: RunSnapshot): JsonObject {
  const { runId, echo, usage } = snapshot;
  return {
    id: readUiEcho(echo).messageId ?? messageIdOf(runId),
    role: 'assistant',
    metadata: { ...startMetadata(snapshot), ...endMetadata(usage) },
    parts: partsOf(snapshot),
  };
}

function partsOf(snapshot: RunSnapshot): JsonObject[] {
  const { steps, items, steers = [] } = snapshot;
  const steered = steers.map((steer, n) => ({ steer, n }));
  const between = (from: number, to: number): JsonObject[] =>
    steered.filter(({ steer: { afterStep } }) => afterStep >= from && afterStep < to).map(steerPart);
  let last = 0;
  const parts = steps
    .filter(({ status }) => status !== 'interrupted')
    .flatMap(({ step }) => {
      const said = items.filter((item) => item.step === step).flatMap((item) => itemParts(item, snapshot.runId));
      const before = between(last, step);
      last = step;
      return [...before, { type: 'step-start' }, ...said];
    });
  return [...parts, ...between(last, Infinity)];
}

type Steer = NonNullable<RunSnapshot['steers']>[number];

function steerPart({ steer, n }: { readonly steer: Steer; readonly n: number }): JsonObject {
  return { type: 'steering-message', id: steerId(n), parts: [{ type: 'text', text: steer.text }] };
}

function itemParts(item: OutputItem, runId: string): JsonObject[] {
  switch (item.type) {
    case 'tool_call':
      return [toolPart(item, runId)];
    case 'reasoning':
      return reasoningParts(item);
    case 'text':
    case 'refusal':
      return textParts(item);
  }
}

function textParts({ text, citations = [], image }: TextItem): JsonObject[] {
  if (image !== undefined) return [{ type: 'file', ...filePart(image) }];
  if (text === '' && citations.length === 0) return [];
  const sources = citations.map((citation) => ({ type: 'source-url', ...sourcePart(citation) }));
  return [{ type: 'text', text, state: 'done' }, ...sources];
}

function reasoningParts({ text, seal }: TextItem): JsonObject[] {
  const providerMetadata = seal && sealMetadata({ text, seal });
  if (text === '' && !providerMetadata) return [];
  return [{ type: 'reasoning', text, state: 'done', ...(providerMetadata && { providerMetadata }) }];
}

function toolPart(call: ToolCallItem, runId: string): JsonObject {
  const { callId, name, executedBy, extraContent } = call;
  const isOwn = executedBy === 'server';
  const metadata = callMetadata(extraContent);
  return {
    ...(isOwn ? { type: 'dynamic-tool', toolName: name, providerExecuted: true } : { type: `tool-${name}` }),
    toolCallId: callId,
    ...stateOf(call),
    ...(metadata && { callProviderMetadata: metadata }),
    ...approvalOf(call, runId),
  };
}

/** Where a call stands at the end of its run. */
function stateOf(call: ToolCallItem): JsonObject {
  const { ready, executedBy, output, isError } = call;
  if (!ready) return { state: 'output-error', input: '', errorText: CUT_CALL };
  const read = readInput(call.arguments);
  const { input } = read;
  if (!read.isFine && executedBy === 'client') return { state: 'output-error', input, errorText: read.errorText };
  if (output === undefined) return { state: 'input-available', input };
  if (isDenied(call)) return { state: 'output-denied', input };
  return isError ? { state: 'output-error', input, errorText: output } : { state: 'output-available', input, output };
}

function approvalOf({ approval, ...call }: ToolCallItem, runId: string): JsonObject {
  if (!approval) return {};
  const { approvalId, expiresAt, decision, ask } = approval;
  const asked =
    expiresAt === undefined
      ? { isAutomatic: true }
      : { descriptor: descriptorOf({ ...call, approvalId, expiresAt, ...(ask && { ask }) }) };
  const answer = decision === undefined ? {} : grantOf(approval);
  return { approval: { id: wireApprovalId(runId, approvalId), ...asked, ...answer } };
}
