import type { JsonObject } from '#libs/contract';
import { MCP_LIMITS } from '../mcp-settings.js';
import { readTool } from './read-tool.js';

/**
 * The result of a `tools/list` with only its valid entries.
 *
 * @param cursor of the requested page; a server that returns the same cursor would otherwise be asked for ever.
 * @param onNote called with a sentence for every tool that had to be changed or left out.
 */
export function readList(raw: JsonObject, cursor: unknown, onNote: (note: string) => void): JsonObject {
  const { tools, nextCursor, ttlMs, cacheScope } = raw;
  // This is no list at all. The client library reports it, and the known tools stay.
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
