import {
  CACHE_MARK_FIELDS,
  cacheMarksOf,
  isJsonObject,
  type CacheMark,
  type JsonObject,
  type JsonValue,
  type ModelRequest,
  type SystemMark,
} from '#libs/contract';
import { toTurns, type Turn } from './turns.js';

/** Most marks in one request, the automatic one included (Anthropic API, prompt caching). */
const MARKS_MAX = 4;

const NAME = CACHE_MARK_FIELDS.anthropic;

/** A prompt together with its marks for the prompt cache. */
export interface MarkedPrompt {
  /** `cache_control` of the whole request. Absent when only the marks inside count. */
  readonly automatic?: JsonValue;
  /** Blocks when the system text has marks, else a string. Empty for none. */
  readonly system: string | readonly JsonObject[];
  readonly turns: readonly Turn[];
  /** Number of the marks on tools that are not sent: the first ones. */
  readonly toolMarksGone: number;
  /** Names of marks that were left out, as their senders know them. */
  readonly leftOut: readonly string[];
}

/**
 * Marks where cached prefixes end. A caller of the Messages API that marks blocks controls the cache itself, and so
 * does a caller of OpenAI's API that wants `explicit` marks only. For all others the API is also asked to choose the
 * place itself. Of too many marks the last ones count, because their prefixes are the longest. An upstream that refuses
 * the field gets no mark.
 * @param more system text after the caller's; empty for none.
 */
export function markedPrompt(request: ModelRequest, more: string): MarkedPrompt {
  const { system, messages, sampling, without = [], tools } = request;
  const { fields = {}, systemMarks = [] } = sampling.messagesApi ?? {};
  const toolMarks = tools.flatMap(({ cacheMark }) => cacheMark ?? []);
  const marks = [...toolMarks, ...systemMarks.map(toMark), ...cacheMarksOf(messages)];
  const isSteered = marks.some(({ form }) => form === 'anthropic') || (marks.length > 0 && wantsExplicit(sampling));
  const automatic = fields[NAME] ?? (isSteered ? undefined : { type: 'ephemeral' });
  const room = without.some(({ name }) => name === NAME) ? 0 : MARKS_MAX - (automatic === undefined ? 0 : 1);
  const blocks = systemBlocks(system, more, systemMarks);
  const turns = toTurns(messages);
  const marked = [...blocks, ...turns.flatMap(({ content }) => content)].filter((block) => NAME in block);
  // Tools stand in front of everything.
  const excess = Math.max(0, toolMarks.length + marked.length - room);
  const toolMarksGone = Math.min(excess, toolMarks.length);
  const gone = new Set(marked.slice(0, excess - toolMarksGone));
  const kept = (block: JsonObject): JsonObject => (gone.has(block) ? withoutMark(block) : block);
  return {
    ...(automatic !== undefined && { automatic }),
    system: systemMarks.length > 0 ? blocks.map(kept) : [system, more].filter((text) => text !== '').join(APART),
    turns: gone.size === 0 ? turns : turns.map(({ role, content }) => ({ role, content: content.map(kept) })),
    toolMarksGone,
    leftOut: excess === 0 ? [] : [...new Set(marks.map(({ form }) => CACHE_MARK_FIELDS[form]))],
  };
}

const APART = '\n\n';

const toMark = ({ fields }: SystemMark): CacheMark => ({ form: 'anthropic', fields });

function wantsExplicit({ promptCache }: ModelRequest['sampling']): boolean {
  const options = promptCache?.['prompt_cache_options'];
  return isJsonObject(options) && options['mode'] === 'explicit';
}

/**
 * The system text as blocks, one up to each mark. They keep their line breaks, because the API puts none between
 * blocks.
 */
function systemBlocks(system: string, more: string, marks: readonly SystemMark[]): readonly JsonObject[] {
  const blocks: JsonObject[] = [];
  let from = 0;
  for (const { after, fields } of marks) {
    const text = system.slice(from, system.length - after);
    // The API refuses blank blocks.
    if (text.trim() === '') continue;
    blocks.push({ type: 'text', text, [NAME]: fields });
    from = system.length - after;
  }
  const rest = [system.slice(from), more].filter((text) => text !== '').join(APART);
  return rest.trim() === '' ? blocks : [...blocks, { type: 'text', text: rest }];
}

const withoutMark = (block: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(block).filter(([name]) => name !== NAME));
