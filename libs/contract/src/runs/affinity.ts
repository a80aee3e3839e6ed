import type { Message } from '../message.js';
import type { RunSpec } from './run-spec.js';

/** Session ids that the API derives from the system text and the first message, for requests that name no session. */
const DERIVED_SESSION = /^api-[0-9a-f]{16}$/;
/** A chain without a session has the workspace of its first run, under that run's id; the first run itself has none. */
const CHAIN_SESSION = /^run_[0-9a-f]{32}$/;
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
 * @param messages the whole conversation.
 */
export function affinityOf(spec: Facts, messages: readonly Message[]): string {
  const sure = sureSign(spec);
  return JSON.stringify([spec.owner, ...(sure ?? weakSign(spec, messages))]);
}

/**
 * The same key, as far as the order of a run tells it; undefined where it depends on what the run continues, which only
 * its worker reads, and for embeddings: their texts share no prompt cache, so the worker asks for them by another key,
 * and a place that was prepared by this one would stay unused beside it.
 */
export function affinityAtOpening(spec: Facts & Pick<RunSpec, 'messages' | 'context' | 'embed'>): string | undefined {
  const { parentId, context, messages, embed } = spec;
  if (embed) return undefined;
  const dependsOnChain = parentId !== undefined && context === undefined && sureSign(spec) === undefined;
  return dependsOnChain ? undefined : affinityOf(spec, [...(context ?? []), ...messages]);
}

function sureSign({ affinity, sampling, conversationId, sessionId }: Facts): readonly string[] | undefined {
  if (affinity !== undefined) return ['client', affinity];
  if (sampling.promptCacheKey !== undefined) return ['cache', sampling.promptCacheKey];
  if (conversationId !== undefined) return ['conversation', conversationId];
  if (sessionId === undefined || DERIVED_SESSION.test(sessionId) || CHAIN_SESSION.test(sessionId)) return undefined;
  return ['session', sessionId];
}

/** All runs of a chain share their first message, and the first run of the chain has it too. */
function weakSign({ sampling, parentId, instructions = '' }: Facts, messages: readonly Message[]): readonly string[] {
  if (parentId === undefined && sampling.user !== undefined) return ['user', sampling.user];
  return ['start', instructions.slice(0, CHARS_MAX), firstText(messages)];
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
export function sessionNameOf({ owner, sessionId }: Pick<Facts, 'owner' | 'sessionId'>): {
  readonly session?: { readonly owner: string; readonly id: string };
} {
  if (sessionId === undefined || DERIVED_SESSION.test(sessionId)) return {};
  return { session: { owner, id: sessionId } };
}
