import { errorBody } from '../error-body.js';
import { NO_PREPARATION } from '../protocol/preparation.js';
import { defineProtocol } from '../protocol/protocol.js';
import { final } from './answer/encode-final.js';
import { encode } from './answer/encode-stream.js';
import { begin, type UiState } from './answer/ui-state.js';
import { decode, NAME } from './request/decode.js';
import { replyOf } from './request/reply.js';
import { UiRequestDto } from './request/ui-request.dto.js';
import { readUiEcho } from './ui-echo.js';

const hasEnded = ({ ended }: UiState): boolean => ended;

/**
 * POST /v1/ui/chat: the UI message stream of AI SDK 7, for `useChat` as it is. A chat of the page is a session here,
 * whose history is the page's own.
 */
export const aiSdkUi = defineProtocol<UiRequestDto, UiState>({
  name: NAME,
  path: '/v1/ui/chat',
  dto: UiRequestDto,
  decode,
  prepare: () => ({ ...NO_PREPARATION, memberOf: ({ echo }) => readUiEcho(echo).chatId }),
  begin: () => begin(),
  encode,
  hasEnded,
  isPaused: ({ paused }) => paused,
  continuation: {
    resumePath: '/v1/ui/chat/:id/stream',
    replyOf: ({ messages }) => replyOf(messages),
    taken: (taking) => ({ begin: () => begin(taking), encode, hasEnded }),
  },
  final,
  capabilities: {
    features: ['ui_message_stream', 'ui_message_stream_resume'],
    endpoints: {
      ui_chat: { method: 'POST', path: '/v1/ui/chat' },
      ui_chat_stream: { method: 'GET', path: '/v1/ui/chat/{id}/stream' },
    },
  },
  answerHeaders: () => ({ 'x-vercel-ai-ui-message-stream': 'v1' }),
  error: errorBody,
});
