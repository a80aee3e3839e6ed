import type { JsonObject } from '#libs/contract';
import { MCP_LIMITS } from '../mcp-settings.js';
import { readTool } from './read-tool.js';

/**
 * The result of a `tools/list` with valid entries alone.
 *
 * @param cursor of the page that was asked for; a server that names it again would be asked for ever.
 * @param onNote takes a sentence for every tool that had to be changed or left out.
 */
export function readList(raw: JsonObject, cursor: unknown, onNote: (note: string) => void): JsonObject {
  const { tools, nextCursor, ttlMs, cacheScope } = raw;
  // Not a list at all: the client library says so, and the tools that are known stay.
  if (!Array.isArray(tools)) return raw;
  const read = tools.map(readTool);
  for (const { note } of read) if (note !== undefined) onNote(note);
  const isFurther = typeof nextCursor === 'string' && nextCursor !== '' && nextCursor !== cursor;
  return {
    resultType: 'complete',
    tools: read.map(({ tool }) => tool).filter((tool) => tool !== undefined),
    // Both are required since revision 2026-07-28, and unknown before.
    ttlMs: typeof ttlMs === 'number' && Number.isSafeInteger(ttlMs) && ttlMs >= 0 ? ttlMs : MCP_LIMITS.listMsDefault,
    cacheScope: cacheScope === 'public' ? 'public' : 'private',
    ...(isFurther && { nextCursor }),
  };
}
