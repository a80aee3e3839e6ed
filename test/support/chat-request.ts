import { LIMITS, type RunDraft } from '#libs/contract';
import { parseDto, PROTOCOLS, type DecodeContext, type Protocol } from '#libs/protocols';

/** Fails the test instead of the type check when a protocol is not listed. */
export function protocolNamed(name: string): Protocol {
  const found = PROTOCOLS.find((protocol) => protocol.name === name);
  if (!found) throw new Error(`no protocol ${name}`);
  return found;
}

/** The draft that POST /v1/chat/completions makes of a body; the body goes through JSON like a real one. */
export function decodeChat(body: object, context: Partial<DecodeContext> = {}): RunDraft {
  const chat = protocolNamed('openai-chat');
  const dto = parseDto(chat.dto, JSON.parse(JSON.stringify(body)));
  return chat.decode(dto, { hermesClient: false, messageTextCharsMax: LIMITS.messageTextCharsMax, ...context });
}
