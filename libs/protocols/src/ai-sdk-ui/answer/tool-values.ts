import { isTooDeep, type Approval, type JsonValue, type ToolCallItem } from '#libs/contract';

/** Why a call has no input: the answer ended inside of it. */
export const CUT_CALL = 'The answer ended before the arguments of this call did.';
const BROKEN_INPUT = 'The arguments are not JSON.';

/** The input of a call, or what is wrong with it. A model that has nothing to say may say nothing at all. */
export type CallInput =
  | { readonly isFine: true; readonly input: JsonValue }
  | { readonly isFine: false; readonly input: string; readonly errorText: string };

/** @param text the arguments as the model wrote them. */
export function readInput(text: string): CallInput {
  if (text.trim() === '') return { isFine: true, input: {} };
  try {
    const input = JSON.parse(text) as JsonValue;
    if (!isTooDeep(input)) return { isFine: true, input };
  } catch {
    // Told below.
  }
  return { isFine: false, input: text, errorText: BROKEN_INPUT };
}

/** Whether somebody refused the call. Who declines a question refuses nothing: its call goes on without an answer. */
export function isDenied({ approval }: Pick<ToolCallItem, 'approval'>): boolean {
  return approval?.decision === 'deny' && approval.ask === undefined;
}

/** What a client may say to a request, beside yes and no: `reason` of its answer names one of these. */
export const REASONS: readonly string[] = ['session', 'always'];

/** The answer to a request: whether it was granted, and in which words where they say more. */
export function grantOf({ decision }: Pick<Approval, 'decision'>): { approved: boolean; reason?: string } {
  const said = decision !== undefined && REASONS.includes(decision) && { reason: decision };
  return { approved: decision !== 'deny', ...said };
}
