import { asSaidByModel } from '../../runs/approval-words.js';
import type { ClientTool, JsonObject, Message, RunDraft, Sampling, SystemMark } from '#libs/contract';
import type { DecodeContext } from '../../protocol/request-context.js';
import { tokenBound } from '../../dto/dto-rules.js';
import { optionalText, refuse } from '../../request-place.js';
import { decodeFormat, decodeThinking } from './decode-thinking.js';
import { decodeWishes } from './decode-wishes.js';
import { decodeToolChoice, decodeTools, type DecodedTools } from './decode-tools.js';
import { decodeSystem, decodeTurns } from './decode-turns.js';
import type { CountTokensDto, MessagesRequestDto } from './messages-request.dto.js';
import { refuseThread } from './refuse-thread.js';

export const NAME = 'anthropic-messages';

/** The part of a request that the model reads. */
export interface DecodedPrompt {
  readonly model: string | null;
  readonly instructions?: string;
  readonly messages: readonly Message[];
  readonly tools: readonly ClientTool[];
}

/** Throws GatewayError of status 400 that names the exact place: `messages[3].content[0].tool_use_id`. */
export function decodePrompt(
  dto: CountTokensDto,
  { messageTextCharsMax }: DecodeContext,
): { readonly prompt: DecodedPrompt; readonly tools: DecodedTools; readonly systemMarks: readonly SystemMark[] } {
  const tools = decodeTools(dto.tools ?? []);
  const { text: instructions, marks: systemMarks } = decodeSystem(dto.system, messageTextCharsMax);
  const messages = decodeTurns(dto.messages, messageTextCharsMax);
  const prompt = {
    model: dto.model ?? null,
    ...(instructions !== undefined && { instructions }),
    messages: asSaidByModel(messages),
    tools: tools.offered,
  };
  return { prompt, tools, systemMarks };
}

/** The run that a checked Messages body asks for. Throws like `decodePrompt`. */
export function decode(dto: MessagesRequestDto, context: DecodeContext): RunDraft {
  refuseThread(dto.thread);
  const { prompt, tools, systemMarks } = decodePrompt(dto, context);
  const { toolChoice, ...single } = decodeToolChoice(dto.tool_choice, tools);
  const { wishes, leftOut } = decodeWishes(context, systemMarks);
  const { display, sampling: thinking } = decodeThinking(dto.thinking, dto.output_config);
  const sampling = samplingOf(dto);
  const saysApprovals = context.saysApprovals === true && !context.hermesClient;
  return {
    protocol: NAME,
    ...prompt,
    toolChoice,
    sampling: { ...sampling, ...thinking, ...single, ...(wishes && { messagesApi: wishes }) },
    onDisconnect: context.onDisconnect ?? 'cancel',
    stream: dto.stream === true,
    // JSON with words in it can be read by nobody.
    echo: { display, ...(saysApprovals && !sampling.responseFormat && { saysApprovals }) },
    ...leftOutOf(leftOut, tools),
  };
}

/** Names of fields and tools that only Anthropic's own servers support. */
function leftOutOf(fields: readonly string[], tools: DecodedTools): Pick<RunDraft, 'leftOut'> {
  const names = [...fields, ...tools.leftOut.map((type) => `tools.${type}`)];
  return names.length > 0 ? { leftOut: names } : {};
}

function samplingOf(dto: MessagesRequestDto): Sampling {
  const format = decodeFormat(dto.output_config);
  const user = userOf(dto.metadata);
  const bound = tokenBound(dto.max_tokens);
  return {
    ...(bound !== undefined && { outputTokensMax: bound }),
    ...(dto.temperature !== undefined && { temperature: dto.temperature }),
    ...(dto.top_p !== undefined && { topP: dto.top_p }),
    ...(dto.top_k !== undefined && { topK: dto.top_k }),
    ...(dto.stop_sequences && dto.stop_sequences.length > 0 && { stop: stopsOf(dto.stop_sequences) }),
    ...(format && { responseFormat: format }),
    ...(user && { user }),
  };
}

function stopsOf(sequences: readonly string[]): readonly string[] {
  const blank = sequences.findIndex((sequence) => sequence === '');
  if (blank >= 0) throw refuse(`stop_sequences[${blank}]`, 'must not be empty.');
  return sequences;
}

const USER_CHARS_MAX = 512;

/** `metadata.user_id`. Longer ones are left out: they are only a hint. */
function userOf(metadata: JsonObject | undefined): string | undefined {
  const user = metadata && optionalText({ object: metadata, path: 'metadata' }, 'user_id');
  return user !== undefined && user.length <= USER_CHARS_MAX ? user : undefined;
}
