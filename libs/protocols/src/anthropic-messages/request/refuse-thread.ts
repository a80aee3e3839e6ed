import { GatewayError, type JsonObject } from '#libs/contract';
import { refuse, requiredText } from '../../request-place.js';

/**
 * `thread` asks the server to keep the conversation, so that later requests only send new messages. This gateway keeps
 * none for this protocol. If it answered the first request all the same, the second one would lack its conversation.
 * The codes are the published ones (Anthropic API reference, `thread_unsupported_request` and `thread_not_found`): at
 * these codes the SDK's tool runner continues without a thread.
 * @throws GatewayError 400 or 404, unless there is no `thread`.
 */
export function refuseThread(thread: JsonObject | null | undefined): void {
  if (thread === undefined || thread === null) return;
  switch (requiredText({ object: thread, path: 'thread' }, 'type')) {
    case 'create':
      throw refuse(
        'thread',
        'is not supported: send the whole conversation with every request.',
        'thread_unsupported_request',
      );
    case 'continue':
      throw new GatewayError('thread_not_found', 'No thread is held under this id: send the whole conversation.', {
        param: 'thread.previous_message_id',
      });
    default:
      throw refuse('thread.type', 'must be create or continue.');
  }
}
