import { GatewayError, type JsonObject } from '#libs/contract';
import { refuse, requiredText } from '../../request-place.js';

/**
 * `thread` asks the server to hold the conversation, so that later requests send new messages alone. This gateway holds
 * none for this protocol, and a first request that is answered as if it did would leave the second one without its
 * conversation. The codes are the published ones (Anthropic API reference, `thread_unsupported_request` and
 * `thread_not_found`): on them the SDK's tool runner goes on without a thread.
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
