import type { REST } from '@discordjs/rest';
import { WebSocketManager, WebSocketShardEvents, type SessionInfo } from '@discordjs/ws';
import { GatewayIntentBits, type GatewayDispatchPayload } from 'discord-api-types/v10';
import { backOff, rest as pause, tellTrouble, type OnTrouble } from '../intake.js';
import type { Inlet } from '../port.js';
import { readOutcome } from './read-outcome.js';

/** Messages in servers come with their text when they mention the bot, so no privileged intent is needed. */
const INTENTS = GatewayIntentBits.Guilds | GatewayIntentBits.GuildMessages | GatewayIntentBits.DirectMessages;
const PAUSE_MS_MIN = 1_000;
/** Events that wait while they cannot be kept. Beyond it the connection is given up: Discord brings them again. */
const WAITING_MAX = 10_000;
/** A mark that is older costs only events that come twice. */
const MARK_EVERY_MS = 1_000;
/** Closes a connection so that its session can go on (any code but 1000 and 1001, "Disconnecting"). */
const CLOSE_AND_RESUME = 4_200;

export interface GatewaySettings {
  readonly token: string;
  readonly rest: REST;
  readonly onTrouble: OnTrouble | undefined;
}

/** @returns whether somebody is heard in the event. */
export type TakeEvent = (event: GatewayDispatchPayload) => Promise<boolean>;

/**
 * Takes events from Discord's gateway until the signal aborts. The session and the number of the last event that is
 * safe are noted, so that the next process resumes there: Discord brings everything behind it. The client's own note is
 * one event ahead: it is made before the event is handed on.
 */
export async function listenToGateway(
  settings: GatewaySettings,
  { take, inlet }: { readonly take: TakeEvent; readonly inlet: Inlet },
  signal: AbortSignal,
): Promise<void> {
  const pauses = backOff(PAUSE_MS_MIN);
  while (!signal.aborted) {
    try {
      const session = new GatewaySession(settings, take, inlet);
      await session.run(signal, () => pauses.reset());
    } catch (cause) {
      if (signal.aborted) return;
      const outcome = readOutcome(cause);
      tellTrouble(settings.onTrouble, outcome);
      await pause(outcome.kind === 'wait' ? outcome.ms : pauses.next(), signal);
    }
  }
}

/** One stay at the gateway: connections, the events that they brought, and how far they are safe. */
class GatewaySession {
  /** Each with the session that brought it: its number means nothing in another one. */
  private readonly waiting: { readonly event: GatewayDispatchPayload; readonly session: SessionInfo | null }[] = [];
  private taking: Promise<void> | undefined;
  private session: SessionInfo | null = null;
  private markedAt = 0;
  private readonly over = new AbortController();
  private failure: unknown;

  constructor(
    private readonly settings: GatewaySettings,
    private readonly takeEvent: TakeEvent,
    private readonly inlet: Inlet,
  ) {}

  /** Resolves when the signal aborts; rejects when the connection cannot go on. */
  async run(signal: AbortSignal, onReady: () => void): Promise<void> {
    const { token, rest } = this.settings;
    // The client forgets its token after one 401.
    rest.setToken(token);
    this.session = readMark(await this.inlet.mark());
    const manager = new WebSocketManager({
      token,
      rest,
      intents: INTENTS,
      shardCount: 1,
      retrieveSessionInfo: () => this.session,
      updateSessionInfo: (_shard, session) => this.note(session),
    });
    manager.on(WebSocketShardEvents.Dispatch, (event) => this.hear(event));
    manager.on(WebSocketShardEvents.Ready, onReady);
    manager.on(WebSocketShardEvents.Resumed, onReady);
    manager.on(WebSocketShardEvents.Error, (cause) => this.fail(cause));
    manager.on(WebSocketShardEvents.SocketError, () => this.settings.onTrouble?.('the gateway cannot be reached'));
    const stop = (): void => this.over.abort();
    signal.addEventListener('abort', stop, { once: true });
    try {
      // It ends by itself when the session does.
      manager.connect().catch((cause: unknown) => this.fail(cause));
      await new Promise<void>((done) => {
        if (signal.aborted || this.over.signal.aborted) return done();
        this.over.signal.addEventListener('abort', () => done(), { once: true });
      });
    } finally {
      signal.removeEventListener('abort', stop);
      this.over.abort();
      await Promise.resolve(manager.destroy({ code: CLOSE_AND_RESUME })).catch(() => undefined); // Perhaps none.
      await this.taking;
    }
    if (this.failure !== undefined) throw this.failure;
  }

  /** A session that Discord gave up is forgotten, but not because we leave. */
  private note(session: SessionInfo | null): void {
    if (session === null && this.over.signal.aborted) return;
    this.session = session;
    if (session === null) void this.inlet.setMark('').catch(() => undefined); // Discord refuses it once more.
  }

  private fail(cause: unknown): void {
    this.failure ??= cause;
    this.over.abort();
  }

  private hear(event: GatewayDispatchPayload): void {
    if (this.waiting.length >= WAITING_MAX) return this.fail(new Error('too many events wait'));
    this.waiting.push({ event, session: this.session });
    this.taking ??= this.takeAll().finally(() => (this.taking = undefined));
  }

  /** In their order, each until it is safe. */
  private async takeAll(): Promise<void> {
    for (let next = this.waiting[0]; next && !this.over.signal.aborted; next = this.waiting[0]) {
      const { event, session } = next;
      try {
        const isHeard = await this.takeEvent(event);
        await this.mark({ session, sequence: event.s }, isHeard || this.waiting.length === 1);
        this.waiting.shift();
      } catch {
        await pause(PAUSE_MS_MIN, this.over.signal);
      }
    }
  }

  /** Nothing is marked in a session that was given up meanwhile: nobody can go on there. */
  private async mark({ session, sequence }: Mark, isDue: boolean): Promise<void> {
    if (!session || session.sessionId !== this.session?.sessionId) return;
    if (!isDue && Date.now() < this.markedAt + MARK_EVERY_MS) return;
    this.markedAt = Date.now();
    await this.inlet.setMark(JSON.stringify({ ...session, sequence } satisfies SessionInfo));
  }
}

interface Mark {
  readonly session: SessionInfo | null;
  readonly sequence: number;
}

function readMark(mark: string | undefined): SessionInfo | null {
  try {
    return mark === undefined ? null : (JSON.parse(mark) as SessionInfo);
  } catch {
    return null;
  }
}
