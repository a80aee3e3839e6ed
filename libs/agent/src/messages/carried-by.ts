import type { AssistantMessage, Message, Reasoning, ToolCall, UpstreamForm } from '#libs/contract';

/**
 * The messages with only the reasoning and the attached state that an upstream of this form takes back. Plain reasoning
 * of unknown origin, which clients bring in their history, goes to `openai` upstreams only, because `anthropic`
 * upstreams require a signature.
 * @param form undefined when the upstream takes back none of it.
 */
export function carriedBy(messages: readonly Message[], form: UpstreamForm | undefined): readonly Message[] {
  const isPlain = messages.every((message) => message.role !== 'assistant' || !hasState(message));
  if (isPlain) return messages;
  return messages.map((message) =>
    message.role === 'assistant' && hasState(message) ? withStateOf(message, form) : message,
  );
}

const hasState = ({ reasoning, toolCalls }: AssistantMessage): boolean =>
  reasoning !== undefined || toolCalls.some(({ extraContent }) => extraContent !== undefined);

function withStateOf(message: AssistantMessage, form: UpstreamForm | undefined): AssistantMessage {
  const { reasoning: all = [], toolCalls, ...rest } = message;
  const reasoning = all.filter((block) => form !== undefined && formOf(block) === form);
  return {
    ...rest,
    ...(reasoning.length > 0 && { reasoning }),
    toolCalls: form === 'openai' ? toolCalls : toolCalls.map(withoutState),
  };
}

const formOf = ({ seal }: Reasoning): UpstreamForm => seal?.form ?? 'openai';

const withoutState = ({ callId, name, arguments: text }: ToolCall): ToolCall => ({ callId, name, arguments: text });
