import { isJsonObject, type JsonObject, type JsonValue } from '#libs/contract';

/**
 * The result of a `tools/call` with only valid content. The client library refuses a whole result because of one part
 * that violates the specification, and its outcome would be lost. Here such a part becomes text.
 */
export function readResult(raw: JsonObject): JsonObject {
  const { resultType = 'complete', content, isError, structuredContent } = raw;
  const isTask = resultType === 'task';
  // A question to the user: not a result yet.
  if (resultType !== 'complete' && !isTask) return raw;
  const parts = Array.isArray(content) ? content.map(readPart) : [];
  if (typeof content === 'string') parts.push({ type: 'text', text: content });
  return {
    resultType: 'complete',
    content: parts,
    isError: isError === true,
    ...(isTask && { _meta: taskMark(raw) }),
    ...(structuredContent !== undefined && { structuredContent }),
  };
}

function readPart(part: JsonValue): JsonObject {
  if (!isJsonObject(part)) return { type: 'text', text: asText(part) };
  const { type, data, mimeType } = part;
  if (type === 'image' || type === 'audio') return readMedia(type, data, mimeType);
  return isUsable(part) ? part : { type: 'text', text: asText(part) };
}

/** Base64 may contain line breaks. Invalid base64 is not shown as text, because it may be long and is useless. */
function readMedia(type: string, data: JsonValue | undefined, mimeType: JsonValue | undefined): JsonObject {
  const packed = isText(data) ? data.replace(/\s+/g, '') : '';
  if (!isText(mimeType) || !BASE64.test(packed)) return { type: 'text', text: `[${type} that cannot be read]` };
  return { type, data: packed, mimeType };
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const isText = (value: JsonValue | undefined): value is string => typeof value === 'string';

function isUsable({ type, text, uri, name, resource }: JsonObject): boolean {
  switch (type) {
    case 'text':
      return isText(text);
    case 'resource_link':
      return isText(uri) && isText(name);
    case 'resource':
      return (
        isJsonObject(resource) && isText(resource['uri']) && (isText(resource['text']) || isText(resource['blob']))
      );
    default:
      return false;
  }
}

function asText(part: JsonValue): string {
  return isText(part) ? part : JSON.stringify(part);
}

const TASK_MARK = 'talaria/task';

/**
 * The `_meta` of a result that is the handle of a task. The client library refuses any `resultType` that it does not
 * know, so the handle passes as a result with this mark. Results of servers lose their own `_meta` here, so a server
 * cannot write the mark itself.
 */
export const taskMark = (raw: JsonObject): JsonObject => ({ [TASK_MARK]: raw });

/** The handle in a result with `taskMark`. Undefined for any other result. */
export function taskIn({ _meta }: { readonly _meta?: Readonly<Record<string, unknown>> | undefined }): unknown {
  return _meta?.[TASK_MARK];
}
