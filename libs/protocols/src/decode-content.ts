import { CACHE_MARK_FIELDS, GatewayError, isJsonObject, LIMITS } from '#libs/contract';
import type { CacheMark, ContentPart, ErrorCode, JsonObject, JsonValue, UserMessage } from '#libs/contract';
import { filePart } from './decode-file.js';
import { cacheMark, MARK_PROBLEM } from './prompt-cache.js';
import { listOf, refuse } from './request-place.js';

/** Whose content it is, and what it may contain. */
export interface ContentPlace {
  /** `messages[3].content`: the `param` of every error in it. */
  readonly path: string;
  readonly textCharsMax: number;
  readonly allows: 'text' | 'text and images' | 'text and refusals';
}

export interface Content {
  /** In order. */
  readonly parts: readonly ContentPart[];
  /** The text parts, joined by line breaks. */
  readonly text: string;
  readonly refusal?: string;
  /** The last mark on a text, for messages that have no parts. */
  readonly cacheMark?: CacheMark;
}

/** Content of a user message: parts only where a string cannot express the same. */
export function userContent({ parts, text }: Pick<Content, 'parts' | 'text'>): UserMessage['content'] {
  return parts.some((part) => part.type !== 'text' || part.cacheMark) ? parts : text;
}

/**
 * Message content: a string or an array of parts. Throws GatewayError `unsupported_content_type`, `invalid_image_url`,
 * `invalid_content_part`, `array_above_max_length`, or `string_above_max_length` for more text than `textCharsMax`.
 */
export function decodeContent(value: JsonValue, place: ContentPlace): Content {
  if (typeof value !== 'string' && !Array.isArray(value)) throw refuse(place.path, 'must be a string or an array.');
  const decoded =
    typeof value === 'string'
      ? [{ type: 'text', text: value } as const]
      : listOf(value, place.path, LIMITS.contentPartsMax).map((part, i) =>
          decodePart(part, { ...place, partPath: `${place.path}[${i}]` }),
        );
  const parts = decoded.filter((part) => part.type !== 'refusal');
  const refusals = decoded.filter((part) => part.type === 'refusal').map((part) => part.text);
  const text = parts.flatMap((part) => (part.type === 'text' && part.text !== '' ? [part.text] : [])).join('\n');
  if (text.length > place.textCharsMax) {
    throw refuse(
      place.path,
      `must have at most ${place.textCharsMax} characters of text (MAX_MESSAGE_CHARS).`,
      'string_above_max_length',
    );
  }
  const { cacheMark: mark } = parts.findLast((part) => part.type === 'text' && part.cacheMark) ?? {};
  return {
    parts,
    text,
    ...(mark && { cacheMark: mark }),
    ...(refusals.length > 0 && { refusal: refusals.join('\n') }),
  };
}

interface PartPlace extends ContentPlace {
  readonly partPath: string;
}

type DecodedPart = ContentPart | { readonly type: 'refusal'; readonly text: string };

function decodePart(value: JsonValue, place: PartPlace): DecodedPart {
  // Clients of the Hermes API server put bare strings between the parts.
  if (typeof value === 'string') return { type: 'text', text: value };
  if (!isJsonObject(value) || typeof value['type'] !== 'string') {
    throw wrong(place, 'invalid_content_part', 'must be an object with a type.');
  }
  const type = value['type'];
  const isText = type === 'text' || type === 'input_text' || type === 'output_text';
  if (isText) return { type: 'text', text: partText(value, 'text', place), ...markOf(value, place) };
  const isImage = type === 'image_url' || type === 'input_image';
  if (isImage && place.allows === 'text and images') return { ...decodeImage(value, place), ...markOf(value, place) };
  const isFile = type === 'file' || type === 'input_file';
  if (isFile && place.allows === 'text and images') return { ...decodeFile(value, place), ...markOf(value, place) };
  if (type === 'refusal' && place.allows === 'text and refusals') {
    return { type: 'refusal', text: partText(value, 'refusal', place) };
  }
  throw wrong(place, 'unsupported_content_type', `has a type that is not supported here: only ${place.allows}.`);
}

function markOf(part: JsonObject, place: PartPlace): Pick<Content, 'cacheMark'> {
  const mark = cacheMark(part, 'openai');
  if (mark !== null) return mark ? { cacheMark: mark } : {};
  throw wrong(
    { ...place, partPath: `${place.partPath}.${CACHE_MARK_FIELDS.openai}` },
    'invalid_content_part',
    MARK_PROBLEM,
  );
}

function partText(part: JsonObject, key: string, place: PartPlace): string {
  const text = part[key];
  if (typeof text === 'string') return text;
  throw wrong(place, 'invalid_content_part', `must have a string as its ${key}.`);
}

/** Both published forms: `image_url: {url, detail}` and, from Responses, `image_url: "..."` with `detail` beside it. */
function decodeImage(part: JsonObject, place: PartPlace): ContentPart {
  const source = part['image_url'] ?? undefined;
  if (source === undefined && typeof part['file_id'] === 'string') {
    throw wrong(place, 'unsupported_content_type', 'refers to an uploaded file; only URLs of images are supported.');
  }
  const isKnownForm = source === undefined || typeof source === 'string' || isJsonObject(source);
  if (!isKnownForm) throw wrong(place, 'invalid_content_part', 'must have a string or an object as its image_url.');
  const url = isJsonObject(source) ? source['url'] : source;
  const detail = (isJsonObject(source) ? source['detail'] : part['detail']) ?? undefined;
  checkImageUrl(url, place);
  if (detail === undefined) return { type: 'image', url };
  if (typeof detail === 'string' && detail !== '') return { type: 'image', url, detail };
  throw wrong(place, 'invalid_content_part', 'must have a non-empty string as its detail.');
}

/** `file: {filename, file_data}` of Chat Completions, and the same fields in the part itself, as Responses has them. */
function decodeFile(part: JsonObject, place: PartPlace): ContentPart {
  const file = isJsonObject(part['file']) ? part['file'] : part;
  const { path: param, partPath: path } = place;
  const data = file['file_data'] ?? undefined;
  const name = file['filename'] ?? undefined;
  const isElsewhere = data === undefined && (file['file_id'] ?? file['file_url'] ?? undefined) !== undefined;
  if (isElsewhere) {
    throw wrong(place, 'unsupported_content_type', 'refers to a file elsewhere; send it as file_data.');
  }
  if (typeof data !== 'string') throw wrong(place, 'invalid_content_part', 'must have a string as its file_data.');
  if (name !== undefined && typeof name !== 'string') {
    throw wrong(place, 'invalid_content_part', 'must have a string as its filename.');
  }
  return filePart({ data, path, param, ...(name !== undefined && { name }) });
}

function checkImageUrl(url: JsonValue | undefined, place: PartPlace): asserts url is string {
  if (typeof url !== 'string' || url === '') throw wrong(place, 'invalid_image_url', 'must have the URL of an image.');
  if (/^data:/i.test(url)) {
    if (!/^data:image\//i.test(url)) {
      throw wrong(place, 'unsupported_content_type', 'must be an image: other data URLs are not supported.');
    }
    if (/^data:image\/[\w.+-]+(?:;[\w.=+-]+)*,./i.test(url)) return;
    throw wrong(place, 'invalid_image_url', 'has a data URL without data.');
  }
  const isWeb = /^https?:\/\//i.test(url) && URL.canParse(url);
  if (!isWeb) throw wrong(place, 'invalid_image_url', 'must have an http, https or data:image URL.');
}

/** The message of the error names the part, `param` the content. */
function wrong({ path, partPath }: PartPlace, code: ErrorCode, problem: string): GatewayError {
  return new GatewayError(code, `'${partPath}' ${problem}`, { param: path });
}
