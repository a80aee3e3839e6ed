import { defineProtocol } from '../protocol/protocol.js';
import { encode } from './answer/encode-stream.js';
import { final } from './answer/encode-final.js';
import { begin } from './answer/messages-state.js';
import { anthropicError } from './anthropic-errors.js';
import { anthropicModels } from './anthropic-models.js';
import { decode, NAME } from './request/decode.js';
import { MessagesRequestDto } from './request/messages-request.dto.js';
import { countTokens, hello } from './sub-routes.js';

/** POST /v1/messages, as the Anthropic API reference has it, with the other routes that its clients call. */
export const anthropicMessages = defineProtocol({
  name: NAME,
  path: '/v1/messages',
  routes: [countTokens, hello],
  dto: MessagesRequestDto,
  decode,
  begin,
  encode,
  hasEnded: ({ stage }) => stage === 'ended',
  keepalive: { event: 'ping', data: '{"type":"ping"}' },
  final,
  saysWhoServed: true,
  error: anthropicError,
  answerHeaders: ({ requestId }) => ({ 'request-id': requestId }),
  models: anthropicModels,
  capabilities: {
    features: ['anthropic_messages', 'anthropic_messages_streaming', 'anthropic_count_tokens'],
    endpoints: {
      messages: { method: 'POST', path: '/v1/messages' },
      messages_count_tokens: { method: 'POST', path: '/v1/messages/count_tokens' },
    },
  },
});
