import type { FetchLike } from '@modelcontextprotocol/sdk/shared/transport.js';
import { MCP_LIMITS } from './mcp-settings.js';

/**
 * `fetch`, with a limit on what one answer may bring. Not for GET: that is the stream of notifications, which lasts as
 * long as the connection.
 */
export const boundedFetch: FetchLike = async (url, init) => {
  const response = await fetch(url, init);
  if (!response.ok || !response.body || init?.method === 'GET') return response;
  const { status, statusText, headers } = response;
  return new Response(response.body.pipeThrough(limit(MCP_LIMITS.messageBytesMax)), { status, statusText, headers });
};

function limit(bytesMax: number): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes > bytesMax) controller.error(new Error(`the answer is longer than ${bytesMax} bytes`));
      else controller.enqueue(chunk);
    },
  });
}
