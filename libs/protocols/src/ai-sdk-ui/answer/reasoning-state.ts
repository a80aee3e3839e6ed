import { isJsonObject, type JsonObject, type Reasoning } from '#libs/contract';
import { messageExtraContent, reasoningDetails } from '../../messages/reasoning-details.js';

/** Under this name our state stands in `providerMetadata`; clients send it back with the part that has it. */
export const PROVIDER = 'talaria';

/** What an upstream attached to a block of reasoning and wants back, as `providerMetadata`. Undefined: nothing. */
export function sealMetadata(reasoning: Reasoning): JsonObject | undefined {
  const details = reasoningDetails(reasoning, 0);
  const extra = messageExtraContent(reasoning);
  if (details.length === 0 && !extra) return undefined;
  return {
    [PROVIDER]: { ...(details.length > 0 && { reasoning_details: details }), ...(extra && { extra_content: extra }) },
  };
}

/** The same for state that hangs on a call. */
export function callMetadata(extraContent: JsonObject | undefined): JsonObject | undefined {
  return extraContent && { [PROVIDER]: { extra_content: extraContent } };
}

/** Our part of the `providerMetadata` that a client sent back; an empty object when there is none. */
export function ownMetadata(value: unknown): JsonObject {
  const own = isJsonObject(value) ? value[PROVIDER] : undefined;
  return isJsonObject(own) ? own : {};
}
