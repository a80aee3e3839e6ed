import { isSessionId, LIMITS, SESSION_ID_RULE, type RunDraft, type Sampling } from '#libs/contract';
import { tokenBound } from '../../dto/dto-rules.js';
import { decodeToolChoice, decodeTools } from '../../messages/decode-tools.js';
import { readMetadata } from '../../metadata.js';
import type { DecodeContext } from '../../protocol/request-context.js';
import { refuse } from '../../request-place.js';
import type { UiEcho } from '../ui-echo.js';
import { decodeUiMessages } from './decode-ui-messages.js';
import type { UiRequestDto } from './ui-request.dto.js';

export const NAME = 'ai-sdk-ui';

/**
 * The run that a checked request of `useChat` asks for. The page keeps the conversation and sends all of it, so that it
 * may edit and regenerate; the run goes on when the page leaves, because the page resumes. Throws GatewayError of
 * status 400 that names the place.
 */
export function decode(dto: UiRequestDto, context: DecodeContext): RunDraft {
  const { instructions, messages, continues } = decodeUiMessages(dto.messages, context.messageTextCharsMax);
  const { tools, leftOut } = decodeTools(dto.tools ?? []);
  const system = [dto.instructions, instructions].filter((text) => text !== undefined && text !== '').join('\n');
  const metadata = dto.metadata && readMetadata(dto.metadata, 'metadata');
  const echo: UiEcho = {
    ...(dto.id !== undefined && dto.id !== '' && { chatId: checkChatId(dto.id) }),
    ...(continues !== undefined && { messageId: checkMessageId(continues, dto.messages.length - 1) }),
  };
  return {
    protocol: NAME,
    model: dto.model ?? null,
    ...(system !== '' && { instructions: system }),
    messages,
    tools,
    toolChoice: decodeToolChoice(dto.tool_choice, tools),
    sampling: samplingOf(dto),
    onDisconnect: context.onDisconnect ?? 'continue',
    stream: dto.stream !== false && dto.stream !== 'false',
    echo: { ...echo },
    ...(metadata && { metadata }),
    ...(leftOut.length > 0 && { leftOut: leftOut.map((type) => `tools.${type}`) }),
  };
}

function samplingOf({ temperature, max_output_tokens, reasoning_effort }: UiRequestDto): Sampling {
  const outputTokensMax = tokenBound(max_output_tokens);
  return {
    ...(temperature !== undefined && { temperature }),
    ...(outputTokensMax !== undefined && { outputTokensMax }),
    ...(reasoning_effort !== undefined && { reasoningEffort: reasoning_effort }),
  };
}

function checkChatId(id: string): string {
  if (isSessionId(id)) return id;
  throw refuse('id', `must be ${SESSION_ID_RULE}.`, 'invalid_session_id');
}

/** It is sent back as it came, with every stream of the run. */
function checkMessageId(id: string, at: number): string {
  if (id.length <= LIMITS.sessionIdCharsMax) return id;
  const problem = `must have at most ${LIMITS.sessionIdCharsMax} characters.`;
  throw refuse(`messages[${at}].id`, problem, 'string_above_max_length');
}
