import { LIMITS, type RunDraft } from '#libs/contract';
import { parseDto, type DecodeContext } from '#libs/protocols';
import { protocolNamed } from './chat-request.js';

/** The draft that POST /v1/responses makes of a body; the body goes through JSON like a real one. */
export function decodeResponses(body: object, context: Partial<DecodeContext> = {}): RunDraft {
  const responses = protocolNamed('openai-responses');
  const dto = parseDto(responses.dto, JSON.parse(JSON.stringify(body)));
  return responses.decode(dto, {
    hermesClient: false,
    messageTextCharsMax: LIMITS.messageTextCharsMax,
    ...context,
  });
}
