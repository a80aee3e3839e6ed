import type { CallToolResult } from '@modelcontextprotocol/client';
import type { ToolResult } from '#libs/contract';

type Part = CallToolResult['content'][number];
type Resource = Extract<Part, { type: 'resource' }>['resource'];

/** Image formats that upstreams accept. */
const IMAGE_TYPES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);
const IMAGES_MAX = 16;

/**
 * The part of a server's answer that the model reads: its texts, and a description of everything else. Images, and
 * embedded resources that are images, are added as data URLs.
 *
 * @param areShown whether images go to the model; otherwise it reads that there were some.
 */
export function mcpResult(result: CallToolResult, areShown: boolean): ToolResult {
  const { content = [], structuredContent, isError = false } = result;
  const parts = content.map(partText);
  if (parts.length === 0 && structuredContent !== undefined) parts.push(JSON.stringify(structuredContent));
  const images = areShown ? content.flatMap((part) => imageOf(part) ?? []).slice(0, IMAGES_MAX) : [];
  return { output: parts.join('\n') || '[No content.]', isError, ...(images.length > 0 && { images }) };
}

function partText(part: Part): string {
  switch (part.type) {
    case 'text':
      return part.text;
    case 'image':
    case 'audio':
      return `[${part.type}, ${part.mimeType}, ${bytesOf(part.data)} bytes]`;
    case 'resource_link':
      return `[resource ${part.uri}]`;
    case 'resource':
      return resourceText(part.resource);
  }
}

function resourceText(resource: Resource): string {
  if ('text' in resource) return resource.text;
  const { uri, blob, mimeType = 'unknown type' } = resource;
  if (mimeType.startsWith('text/') || mimeType === 'application/json') return Buffer.from(blob, 'base64').toString();
  return `[resource ${uri}, ${mimeType}, ${bytesOf(blob)} bytes]`;
}

function imageOf(part: Part): string | undefined {
  if (part.type === 'image') return dataUrl(part.mimeType, part.data);
  if (part.type !== 'resource' || !('blob' in part.resource)) return undefined;
  return dataUrl(part.resource.mimeType ?? '', part.resource.blob.replace(/\s+/g, ''));
}

function dataUrl(mimeType: string, data: string): string | undefined {
  const type = mimeType.trim().toLowerCase();
  return IMAGE_TYPES.has(type) ? `data:${type};base64,${data}` : undefined;
}

const bytesOf = (base64: string): number => Math.floor((base64.length * 3) / 4);
