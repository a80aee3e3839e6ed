import { isJsonObject, type JsonObject, type JsonValue } from '#libs/contract';

const FORM = 'talaria.c1.';

/** State that an upstream attached to a call. See ToolCall.extraContent. */
export interface CallState {
  readonly callId: string;
  readonly extraContent: JsonObject;
}

/**
 * The state of a call as the `data` of a `redacted_thinking` block before its `tool_use`. Clients of this protocol
 * return such blocks unchanged, but of a call they return only id, name and input.
 */
export function packCallState({ callId, extraContent }: CallState): string {
  return FORM + Buffer.from(JSON.stringify({ callId, extraContent }), 'utf8').toString('base64url');
}

/** Undefined for data that `packCallState` did not make. */
export function unpackCallState(data: string): CallState | undefined {
  if (!data.startsWith(FORM)) return undefined;
  try {
    const value: JsonValue = JSON.parse(Buffer.from(data.slice(FORM.length), 'base64url').toString('utf8'));
    if (!isJsonObject(value)) return undefined;
    const { callId, extraContent } = value;
    return typeof callId === 'string' && isJsonObject(extraContent) ? { callId, extraContent } : undefined;
  } catch {
    return undefined;
  }
}
