import {
  Client,
  ProtocolError,
  StreamableHTTPClientTransport,
  type PriorDiscovery,
  type Transport,
  type VersionNegotiationOptions,
} from '@modelcontextprotocol/client';
import type { LiveTrees } from '../processes/live-trees.js';
import { TASKS_EXTENSION } from './tasks/read-task.js';
import { MCP_LIMITS, type McpLog, type McpServerSettings } from './mcp-settings.js';
import { boundedFetch } from './transport/bounded-fetch.js';
import { challengeText } from './transport/challenge.js';
import { StdioTransport } from './transport/stdio-transport.js';
import { TolerantTransport } from './transport/tolerant-transport.js';
import { Unreachable } from './transport/unreachable.js';

export interface ConnectParts {
  readonly live: LiveTrees;
  readonly log: McpLog;
  /** Version of this gateway, which servers are told. */
  readonly version: string;
}

export interface ConnectionOwner {
  onToolsChanged(client: Client): void;
  onClose(client: Client): void;
  /** Called with a sentence about a deviation of the server that was tolerated. */
  onNote(note: string): void;
  /** Cancels the attempt to connect. */
  readonly signal: AbortSignal;
}

/** The generation of the protocol that a server speaks, known from an earlier connection. */
export type Verdict = PriorDiscovery;

export interface McpConnection {
  readonly client: Client;
  /** For the next connection. Absent when the server was too busy for a verdict. */
  readonly verdict?: Verdict;
}

interface Attempt {
  readonly settings: McpServerSettings;
  readonly parts: ConnectParts;
  readonly owner: ConnectionOwner;
}

/**
 * A usable client: with revision 2026-07-28 where the server speaks it, otherwise with the newest older revision that
 * both know. Rejects when neither works, with nothing left running.
 *
 * A program is first asked with the old handshake, because older programs end at an unknown request. A server on the
 * network is first asked for the new revision, and with the old handshake when it does not answer that request.
 */
export async function connect(attempt: Attempt, verdict?: Verdict): Promise<McpConnection> {
  const { transport, connectTimeoutSeconds } = attempt.settings;
  if (verdict) return { client: await open(attempt, { prior: verdict }), verdict };
  if (transport.kind === 'stdio') return connectProgram(attempt);
  const probe = { timeoutMs: Math.min(MCP_LIMITS.probeMsMax, (connectTimeoutSeconds * 1_000) / 2) };
  let isBusy = false;
  const onAnswer = ({ status }: Response): void => void (isBusy ||= status === TOO_MANY);
  try {
    const client = await open(attempt, { negotiation: { mode: 'auto', probe }, onAnswer });
    return { client, ...(!isBusy && { verdict: verdictOf(client) }) };
  } catch (cause) {
    if (attempt.owner.signal.aborted || cause instanceof Refused || isOutage(cause)) throw cause;
    const client = await open(attempt, { prior: LEGACY });
    return { client, ...(!isBusy && { verdict: LEGACY }) };
  }
}

/** The server requires other credentials; the message says which. */
class Refused extends Error {}

const TOO_MANY = 429;
const LEGACY: Verdict = { kind: 'legacy' };

async function connectProgram(attempt: Attempt): Promise<McpConnection> {
  try {
    return { client: await open(attempt, { prior: LEGACY }), verdict: LEGACY };
  } catch (cause) {
    // Only an answer shows that the program speaks nothing but a newer revision; silence and an exit do not.
    if (attempt.owner.signal.aborted || !(cause instanceof ProtocolError)) throw cause;
    const client = await open(attempt, { negotiation: { mode: { pin: NEW_REVISION } } }).catch(() => {
      throw cause;
    });
    return { client, verdict: verdictOf(client) };
  }
}

const NEW_REVISION = '2026-07-28';

function verdictOf(client: Client): Verdict {
  const discover = client.getDiscoverResult();
  return discover ? { kind: 'modern', discover } : LEGACY;
}

/** The server is away, or refuses this gateway: the old handshake would fail in the same way. */
function isOutage(cause: unknown): boolean {
  return cause instanceof Error && (cause instanceof Unreachable || cause.cause instanceof Unreachable);
}

interface How {
  readonly prior?: Verdict;
  readonly negotiation?: VersionNegotiationOptions;
  readonly onAnswer?: (answer: Response) => void;
}

async function open({ settings, parts, owner }: Attempt, { prior, negotiation, onAnswer }: How): Promise<Client> {
  const { name, connectTimeoutSeconds } = settings;
  const client = new Client(
    { name: 'talaria', version: parts.version },
    {
      // Only servers of revision 2026-07-28 get this: see TolerantTransport.
      capabilities: { elicitation: { form: {}, url: {} }, extensions: { [TASKS_EXTENSION]: {} } },
      inputRequired: { autoFulfill: false },
      ...(negotiation && { versionNegotiation: negotiation }),
    },
  );
  let challenge: string | undefined;
  const seen = (answer: Response): void => {
    challenge ??= challengeText(answer);
    onAnswer?.(answer);
  };
  client.onclose = () => owner.onClose(client);
  client.onerror = (cause) => parts.log({ server: name, level: 'debug', text: cause.message });
  client.setNotificationHandler('notifications/tools/list_changed', () => owner.onToolsChanged(client));
  try {
    await client.connect(new TolerantTransport(transportOf(settings, parts, seen), (note) => owner.onNote(note)), {
      timeout: connectTimeoutSeconds * 1_000,
      signal: owner.signal,
      ...(prior && { prior }),
    });
    return client;
  } catch (cause) {
    await client.close().catch(() => undefined);
    throw challenge === undefined ? cause : new Refused(challenge, { cause });
  }
}

function transportOf(
  settings: McpServerSettings,
  { live, log }: ConnectParts,
  onAnswer: (answer: Response) => void,
): Transport {
  const { name, transport, timeoutSeconds, connectTimeoutSeconds } = settings;
  if (transport.kind === 'stdio') {
    return new StdioTransport(transport, live, (line) => log({ server: name, level: 'debug', text: line }));
  }
  const postMs = Math.max(timeoutSeconds, connectTimeoutSeconds) * 1_000 + MCP_LIMITS.lateAnswerMs;
  return new StreamableHTTPClientTransport(new URL(transport.url), {
    requestInit: { headers: { ...transport.headers } },
    fetch: boundedFetch({ postMs, onAnswer }),
  });
}
