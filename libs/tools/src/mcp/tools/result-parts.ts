import type { CallToolResult } from '@modelcontextprotocol/client';
import type { ToolResult } from '#libs/contract';

/** What the model reads of a server's answer: its texts, and of everything else what it is. */
export function resultOf({ content = [], structuredContent, isError = false }: CallToolResult): ToolResult {
  const parts = content.map(partText);
  if (parts.length === 0 && structuredContent !== undefined) parts.push(JSON.stringify(structuredContent));
  return { output: parts.join('\n') || '[No content.]', isError };
}

function partText(part: CallToolResult['content'][number]): string {
  switch (part.type) {
    case 'text':
      return part.text;
    case 'image':
    case 'audio':
      return `[${part.type}, ${part.mimeType}, ${Math.floor((part.data.length * 3) / 4)} bytes]`;
    case 'resource_link':
      return `[resource ${part.uri}]`;
    case 'resource':
      return 'text' in part.resource ? part.resource.text : `[resource ${part.resource.uri}]`;
  }
}
