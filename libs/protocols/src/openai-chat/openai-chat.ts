import { errorBody } from '../error-body.js';
import { defineProtocol } from '../protocol/protocol.js';
import { ChatRequestDto } from './request/chat-request.dto.js';
import { begin } from './answer/chat-state.js';
import { decode, NAME } from './request/decode.js';
import { final } from './answer/encode-final.js';
import { encode } from './answer/encode-stream.js';
import { openaiModels } from './openai-models.js';

/** POST /v1/chat/completions, as the OpenAI API reference has it. */
export const openaiChat = defineProtocol({
  name: NAME,
  path: '/v1/chat/completions',
  aliases: ['/chat/completions'],
  dto: ChatRequestDto,
  decode,
  begin,
  encode,
  // A broken answer that was shown ends the stream; the run may continue with another one.
  hasEnded: ({ ended }) => ended,
  final,
  saysWhoServed: true,
  models: openaiModels,
  error: errorBody,
});
