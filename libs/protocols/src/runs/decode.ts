import { isJsonObject, type ClientTool, type RunDraft } from '#libs/contract';
import { readMetadata } from '../metadata.js';
import { decodeMessages } from '../messages/decode-messages.js';
import { decodeTools } from '../messages/decode-tools.js';
import type { DecodeContext } from '../protocol/request-context.js';
import { refuse } from '../request-place.js';
import { inputMessages } from './input-messages.js';
import type { RunsRequestDto } from './runs-request.dto.js';

export const NAME = 'runs';

/**
 * The run that a checked body of POST /v1/runs asks for. No client waits for it, so it continues whoever disconnects.
 * Throws GatewayError of status 400 that names the place: `input[2].content`, `conversation_history[0].role`.
 */
export function decode(dto: RunsRequestDto, context: DecodeContext): RunDraft {
  const parentId = dto.previous_response_id === undefined ? undefined : runIdOf(dto.previous_response_id);
  // The calls of earlier turns are not known here.
  const callIds = parentId === undefined && dto.session_id === undefined ? new Set<string>() : null;
  const chars = context.messageTextCharsMax;
  const history = decodeMessages(inputMessages(dto.conversation_history ?? []), chars, {
    path: 'conversation_history',
    callIds,
    mayBeInvisible: true,
  });
  const own = decodeMessages(inputMessages(dto.input), chars, { path: 'input', callIds });
  const instructions = [dto.instructions, history.instructions, own.instructions].filter(Boolean).join('\n');
  const metadata = dto.metadata && readMetadata(dto.metadata, 'metadata');
  return {
    protocol: NAME,
    model: dto.model ?? null,
    ...(instructions !== '' && { instructions }),
    messages: [...history.messages, ...own.messages],
    tools: toolsOf(dto.tools ?? []),
    toolChoice: { kind: 'auto' },
    sampling: {},
    onDisconnect: context.onDisconnect ?? 'continue',
    stream: false,
    echo: {},
    ...(metadata && { metadata }),
    ...spendOf(dto),
    ...(parentId !== undefined && { parentId }),
    ...(dto.session_id !== undefined && { sessionId: dto.session_id }),
  };
}

function spendOf({ max_cost: run, session_max_cost: session }: RunsRequestDto): Pick<RunDraft, 'spend'> {
  if (run === undefined && session === undefined) return {};
  return { spend: { ...(run !== undefined && { run }), ...(session !== undefined && { session }) } };
}

/** A response and its run share their digits; a run can be continued under its own id as well. */
function runIdOf(id: string): string {
  const digits = /^(?:resp|run)_([0-9a-f]{32})$/.exec(id)?.[1];
  if (digits === undefined) throw refuse('previous_response_id', 'must be the id of a response or a run.');
  return `run_${digits}`;
}

/** This route is our own, so a tool that the gateway does not execute is a mistake, not an agent's habit. */
function toolsOf(list: readonly unknown[]): readonly ClientTool[] {
  const { tools, leftOut } = decodeTools(list.map(nested));
  const at = list.findIndex((tool) => isJsonObject(tool) && leftOut.includes(String(tool['type'])));
  if (at < 0) return tools;
  throw refuse(`tools[${at}].type`, 'must be function or custom.', 'unsupported_parameter');
}

/** Tools in the flat shape of Responses, put into that of Chat. */
function nested(tool: unknown): unknown {
  if (!isJsonObject(tool) || tool['type'] !== 'function' || tool['function'] !== undefined) return tool;
  const { type, ...definition } = tool;
  return { type, function: definition };
}
