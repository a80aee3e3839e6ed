import type { Message, ModelRequest, RunSpec } from '#libs/contract';

/** Session ids that the API derives from the system text and the first message, for requests that name no session. */
const DERIVED_SESSION = /^api-[0-9a-f]{16}$/;
/** Characters taken from the text that identifies a conversation. */
const CHARS_MAX = 16_384;

type Facts = Pick<
  RunSpec,
  'owner' | 'affinity' | 'sampling' | 'parentId' | 'conversationId' | 'sessionId' | 'instructions'
>;

/**
 * A key shared by requests that have a common beginning. The first of these that is known counts: the session that the
 * client names, its cache key, the chain or conversation, the session, the user, and else the beginning of the
 * conversation. The API key is always part of it, because requests of one key say nothing about those of another.
 */
export function affinityOf(spec: Facts, request: Pick<ModelRequest, 'system' | 'messages'>): string {
  return JSON.stringify([spec.owner, ...sign(spec, request)]);
}

function sign(spec: Facts, { system, messages }: Pick<ModelRequest, 'system' | 'messages'>): readonly string[] {
  const { affinity, sampling, parentId, conversationId, sessionId } = spec;
  const start = ['start', system.slice(0, CHARS_MAX), firstText(messages)] as const;
  if (affinity !== undefined) return ['client', affinity];
  if (sampling.promptCacheKey !== undefined) return ['cache', sampling.promptCacheKey];
  if (conversationId !== undefined) return ['conversation', conversationId];
  if (sessionId !== undefined && !DERIVED_SESSION.test(sessionId)) return ['session', sessionId];
  // All runs of a chain share their first message, and the first run of the chain has it too.
  if (parentId !== undefined) return start;
  if (sampling.user !== undefined) return ['user', sampling.user];
  return start;
}

function firstText(messages: readonly Message[]): string {
  const first = messages.find(({ role }) => role === 'user');
  if (first?.role !== 'user') return '';
  const { content } = first;
  const text =
    typeof content === 'string'
      ? content
      : content.map((part) => (part.type === 'text' ? part.text : part.url)).join('\n');
  return text.slice(0, CHARS_MAX);
}

/** The session that the caller has named. A derived one is a guess: two conversations may begin alike. */
export function sessionOf({ owner, sessionId }: Pick<Facts, 'owner' | 'sessionId'>): Pick<ModelRequest, 'session'> {
  if (sessionId === undefined || DERIVED_SESSION.test(sessionId)) return {};
  return { session: { owner, id: sessionId } };
}
