import {
  CACHE_MARK_FIELDS,
  isJsonObject,
  LIMITS,
  type CacheMark,
  type ContentPart,
  type JsonObject,
  type JsonValue,
} from '#libs/contract';
import { filePart } from '../../decode-file.js';
import { cacheMark, MARK_PROBLEM } from '../../prompt-cache.js';
import { fieldOf, listOf, optionalPlace, optionalText, placeOf, refuse, requiredText } from '../../request-place.js';
import type { Place } from '../../request-place.js';

/** Where blocks are in the request, and how long the text of one message may be. */
export interface BlocksPlace {
  /** `messages[3].content`: the `param` of every error in it. */
  readonly path: string;
  readonly textCharsMax: number;
}

/** One block and its place, for the code that knows its type. */
export interface ContentBlock extends Place {
  readonly type: string;
}

/** The blocks of a content; a string is one block. Throws GatewayError that names the place. */
export function blocksOf(value: JsonValue | undefined, { path }: BlocksPlace): ContentBlock[] {
  if (value === undefined) throw refuse(path, 'is required.', 'missing_required_parameter');
  if (typeof value === 'string') return [{ object: { type: 'text', text: value }, path, type: 'text' }];
  if (!Array.isArray(value)) throw refuse(path, 'must be a string or an array of blocks.');
  return listOf(value, path, LIMITS.contentPartsMax).map((block, i) => {
    const place = placeOf(block, `${path}[${i}]`);
    return { ...place, type: requiredText(place, 'type') };
  });
}

/** The text of the blocks that have one, joined by line breaks. Throws `string_above_max_length`. */
export function textOf(blocks: readonly ContentBlock[], place: BlocksPlace): string {
  const parts = blocks.flatMap((block) => partsOf(block));
  return boundText(
    parts.flatMap((part) => (part.type === 'text' && part.text !== '' ? [part.text] : [])).join('\n'),
    place,
  );
}

export function boundText(text: string, { path, textCharsMax }: BlocksPlace): string {
  if (text.length <= textCharsMax) return text;
  throw refuse(
    path,
    `must have at most ${textCharsMax} characters of text (MAX_MESSAGE_CHARS).`,
    'string_above_max_length',
  );
}

/** `cache_control` of a block, of any type. Throws GatewayError that names the place. */
export function markOf({ object, path }: Place): CacheMark | undefined {
  const mark = cacheMark(object, 'anthropic');
  if (mark === null) throw refuse(`${path}.${CACHE_MARK_FIELDS.anthropic}`, MARK_PROBLEM);
  return mark;
}

/**
 * The parts of a block that a model can read: text, images, and documents as text. Empty for blocks of other types,
 * which belong to features of Anthropic's own servers. A mark of the block goes to its last part.
 * @param param of errors about a file.
 */
export function partsOf(block: ContentBlock, param: string = block.path): ContentPart[] {
  const parts = readableOf(block, param);
  const mark = markOf(block);
  const last = parts.at(-1);
  return mark && last ? [...parts.slice(0, -1), { ...last, cacheMark: mark }] : parts;
}

function readableOf(block: ContentBlock, param: string): ContentPart[] {
  switch (block.type) {
    case 'text':
      return [{ type: 'text', text: textField(block, 'text') }];
    case 'image':
      return [imageOf(block)];
    case 'document':
      return documentOf(block, param);
    case 'search_result':
      return searchResultOf(block);
    default:
      return [];
  }
}

function textField(place: Place, key: string): string {
  const value = optionalText(place, key);
  if (value !== undefined) return value;
  throw refuse(`${place.path}.${key}`, 'is required.', 'missing_required_parameter');
}

function sourceOf(block: ContentBlock): Place {
  const source = optionalPlace(block, 'source');
  if (source) return source;
  throw refuse(`${block.path}.source`, 'is required.', 'missing_required_parameter');
}

function imageOf(block: ContentBlock): ContentPart {
  const source = sourceOf(block);
  const kind = requiredText(source, 'type');
  if (kind === 'base64') {
    return { type: 'image', url: `data:${requiredText(source, 'media_type')};base64,${requiredText(source, 'data')}` };
  }
  if (kind === 'url') return { type: 'image', url: webUrl(source) };
  throw refuse(
    `${source.path}.type`,
    'must be base64 or url: uploaded files are not supported.',
    'unsupported_content_type',
  );
}

function webUrl(source: Place): string {
  const url = requiredText(source, 'url');
  if (/^https?:\/\//i.test(url) && URL.canParse(url)) return url;
  throw refuse(`${source.path}.url`, 'must be an http or https URL.', 'invalid_image_url');
}

/** A document as text, or as a file. Of a document that is neither, the model is told that it exists. */
function documentOf(block: ContentBlock, param: string): ContentPart[] {
  const source = sourceOf(block);
  const title = optionalText(block, 'title');
  const context = optionalText(block, 'context');
  const head = [`Document${title ? ` "${title}"` : ''}:`, ...(context ? [context] : [])].join('\n');
  const kind = requiredText(source, 'type');
  if (kind === 'text') return [{ type: 'text', text: `${head}\n${textField(source, 'data')}` }];
  if (kind === 'content') {
    const inner = blocksOf(fieldOf(source, 'content'), { path: `${source.path}.content`, textCharsMax: Infinity });
    return [{ type: 'text', text: head }, ...inner.flatMap((one) => partsOf(one, param))];
  }
  if (kind === 'url') return [{ type: 'text', text: `${head}\n${webUrl(source)}` }];
  if (kind !== 'base64') {
    throw refuse(`${source.path}.type`, 'must be base64, text, content or url.', 'unsupported_content_type');
  }
  const mediaType = requiredText(source, 'media_type');
  const data = requiredText(source, 'data');
  if (mediaType === 'application/pdf') {
    const file = filePart({ data, mediaType, path: `${source.path}.data`, param, ...(title ? { name: title } : {}) });
    return context ? [{ type: 'text', text: head }, file] : [file];
  }
  const isText = /^(text\/|application\/json\b)/.test(mediaType);
  const body = isText ? Buffer.from(data, 'base64').toString('utf8') : `(${mediaType}; it cannot be read here)`;
  return [{ type: 'text', text: `${head}\n${body}` }];
}

function searchResultOf(block: ContentBlock): ContentPart[] {
  const inner = blocksOf(fieldOf(block, 'content'), { path: `${block.path}.content`, textCharsMax: Infinity });
  const head = `${optionalText(block, 'title') ?? ''}\n${optionalText(block, 'source') ?? ''}`.trim();
  return [{ type: 'text', text: head }, ...inner.flatMap((one) => partsOf(one))];
}

/** A value as the JSON text of a call's arguments. */
export function argumentsOf(input: JsonValue | undefined, path: string): string {
  if (input !== undefined && !isJsonObject(input)) throw refuse(path, 'must be an object.');
  const text = JSON.stringify(input ?? ({} satisfies JsonObject));
  if (text.length <= LIMITS.toolArgumentsCharsMax) return text;
  throw refuse(path, `must have at most ${LIMITS.toolArgumentsCharsMax} characters.`, 'string_above_max_length');
}
