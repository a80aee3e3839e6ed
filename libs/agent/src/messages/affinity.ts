import type { Message, ModelRequest, RunSpec } from '#libs/contract';

/** As the API makes it of the system text and the first message, for requests that name no session. */
const DERIVED_SESSION = /^api-[0-9a-f]{16}$/;
/** Of a text that stands for a conversation. */
const CHARS_MAX = 16_384;

type Facts = Pick<
  RunSpec,
  'owner' | 'affinity' | 'sampling' | 'parentId' | 'conversationId' | 'sessionId' | 'instructions'
>;

/**
 * What requests with a common beginning have in common, the surest sign first: the session that the client itself
 * names, its cache key, the chain or conversation, the session, the user, and else how the conversation begins. Always
 * with the API key: what one key sends says nothing of another's.
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
  // The runs of a chain have their first message in common, and it is the same for the run that the chain begins with.
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
