import { LIMITS, type JsonObject } from '#libs/contract';
import { object, text } from '../../dto/fragments.js';
import { maybeText, oneOfWords, shape } from '../../dto/shape.js';
import {
  fieldOf,
  listOf,
  missing,
  optionalFlag,
  placeOf,
  refuse,
  requiredPlace,
  requiredText,
  type Place,
} from '../../request-place.js';

const PART = object(
  {
    type: text('text, reasoning, file, dynamic-tool, tool-<name>, step-start, steering-message; others are ignored.'),
    text: text('Of a text or reasoning part.'),
    url: text('Of a file: http, https or data:image URL.'),
    mediaType: text('Of a file: an image.'),
    toolCallId: text('Of a tool part.'),
    state: text('Of a tool part: output-available, output-error and approval-responded are read.'),
  },
  ['type'],
);

const MESSAGE = shape({ id: maybeText('Of the page.'), role: oneOfWords('system', 'user', 'assistant') });

/** JSON Schema of a message as `useChat` keeps it; its parts are read where they are turned into messages. */
export const UI_MESSAGE: JsonObject = object(
  {
    ...(MESSAGE.schema['properties'] as JsonObject),
    parts: { type: 'array', items: PART, maxItems: LIMITS.contentPartsMax },
  },
  ['role', 'parts'],
);

/** One message, and where it stands. */
export interface UiMessagePlace extends Place {
  readonly role: 'system' | 'user' | 'assistant';
  readonly id?: string;
  readonly parts: readonly Place[];
}

/** Throws GatewayError of status 400 that names the place: `messages[3].parts[1]`. */
export function readUiMessage(value: unknown, path: string): UiMessagePlace {
  const place = placeOf(value, path);
  const { role, id } = MESSAGE.parse(place);
  const parts = fieldOf(place, 'parts');
  if (parts === undefined) throw missing(`${path}.parts`);
  const list = listOf(parts, `${path}.parts`, LIMITS.contentPartsMax);
  return {
    ...place,
    role,
    ...(id !== undefined && { id }),
    parts: list.map((part, i) => readPart(part, `${path}.parts[${i}]`)),
  };
}

/** As AI SDK 7 has them. */
const TOOL_STATES: ReadonlySet<unknown> = new Set([
  'input-streaming',
  'input-available',
  'approval-requested',
  'approval-responded',
  'output-available',
  'output-error',
  'output-denied',
]);

/** A tool part in a state that we do not know would be left out, and the model would not see its call. */
function readPart(value: unknown, path: string): Place {
  const part = placeOf(value, path);
  const type = requiredText(part, 'type');
  if (type !== 'dynamic-tool' && !type.startsWith('tool-')) return part;
  if (type === 'dynamic-tool') requiredText(part, 'toolName');
  const state = requiredText(part, 'state');
  if (!TOOL_STATES.has(state)) throw refuse(`${path}.state`, `must be one of ${[...TOOL_STATES].join(', ')}.`);
  if (state === 'approval-responded') {
    const approval = requiredPlace(part, 'approval');
    requiredText(approval, 'id');
    // Without it the call is denied; another word for yes would be, too.
    optionalFlag(approval, 'approved');
  }
  return part;
}

/** The function of a tool part; undefined for a part of another kind. */
export function toolNameOf({ object: part }: Place): string | undefined {
  const { type, toolName } = part;
  if (type === 'dynamic-tool') return typeof toolName === 'string' && toolName !== '' ? toolName : undefined;
  return typeof type === 'string' && type.startsWith('tool-') && type.length > 5 ? type.slice(5) : undefined;
}
