import { LIMITS, type Message, type ModelRequest, type UpstreamSettings } from '#libs/contract';
import { createHash } from 'node:crypto';

const OWNER_CHARS = 12;
const AFFINITY_CHARS = 32;

/**
 * What the gateway is told of our session. `X-Session-Affinity` says only what belongs together. `X-Hermes-Session-Id`
 * names the session, and a gateway then takes its own history in place of the one in the body (Talaria and Hermes do).
 * So it is sent only when that history is whole: all that the assistant has said in this session was said by this
 * gateway, and one message of the user is new. Without a key no gateway lets a session be named.
 *
 * The name has our owner in it, because all our keys are one key to the gateway.
 */
export function sessionHeaders(
  request: Pick<ModelRequest, 'affinity' | 'session' | 'messages' | 'callerTools'>,
  { name, apiKey }: Pick<UpstreamSettings, 'name' | 'apiKey'>,
): Readonly<Record<string, string>> {
  const affinity = {
    'x-session-affinity': hash(request.affinity).slice(0, AFFINITY_CHARS),
    'x-on-disconnect': 'cancel',
  };
  const { session } = request;
  if (!session || apiKey === undefined || !isKnownThere(request, name)) return affinity;
  const named = `${hash(session.owner).slice(0, OWNER_CHARS)}-${session.id}`;
  const fits = named.length <= LIMITS.sessionIdCharsMax;
  return { ...affinity, 'x-hermes-session-id': fits ? named : hash(named) };
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Whether the gateway has all of it but the last message of the user, or the results of the caller's calls. */
function isKnownThere(
  { session, messages, callerTools = [] }: Pick<ModelRequest, 'session' | 'messages' | 'callerTools'>,
  upstream: string,
): boolean {
  let asked = 0;
  const theirs = new Set<string>();
  for (const message of messages) {
    if (message.role === 'user') asked++;
    if (message.role !== 'assistant') continue;
    const { saidBy } = message;
    if (saidBy?.upstream !== upstream || saidBy.sessionId !== session?.id) return false;
    asked = 0;
    for (const { callId, name } of message.toolCalls) {
      if (!callerTools.some((tool) => tool.name === name)) theirs.add(callId);
    }
  }
  const last = messages.at(-1);
  return asked === 1 ? last?.role === 'user' : asked === 0 && isResult(last, theirs);
}

/** Of a call that the caller has made, not of a tool that the gateway itself was running when it was lost. */
const isResult = (message: Message | undefined, theirs: ReadonlySet<string>): boolean =>
  message?.role === 'tool' && !theirs.has(message.callId);
