import { SocketModeClient } from '@slack/socket-mode';
import { backOff, rest, type OnTrouble } from '../intake.js';
import { readOutcome } from './read-outcome.js';
import { SILENT } from './silent.js';

/** From the first request to Slack's `hello`. */
const CONNECT_MS_MAX = 30_000;
/** A planned end of a connection is followed by the next one at once, a failure by a pause. */
const PAUSE_MS_MIN = 1_000;

export interface SocketSettings {
  readonly appToken: string;
  readonly root: { readonly slackApiUrl?: string };
  readonly onTrouble: OnTrouble | undefined;
}

interface Envelope {
  readonly ack: () => Promise<void>;
  readonly body: unknown;
}

/**
 * Takes events from Slack's socket until the signal aborts. An event is acknowledged when it is safe; Slack brings one
 * again that was not. Each connection has a client of its own: one that connects again by itself waits for 5 s first,
 * and ends the process when its token was revoked meanwhile, because nobody handles that rejection.
 */
export async function listenOnSocket(
  { appToken, root, onTrouble }: SocketSettings,
  take: (payload: unknown) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const pauses = backOff(PAUSE_MS_MIN);
  while (!signal.aborted) {
    try {
      await oneConnection({ appToken, root }, take, signal);
      pauses.reset();
    } catch (cause) {
      if (signal.aborted) return;
      const outcome = readOutcome(cause);
      // The token of the app is another one than the bot's: calls go on.
      onTrouble?.('why' in outcome ? outcome.why : outcome.kind);
      await rest(outcome.kind === 'wait' ? outcome.ms : pauses.next(), signal);
    }
  }
}

/** Resolves when the connection has ended; rejects when there was none. */
async function oneConnection(
  { appToken, root }: Pick<SocketSettings, 'appToken' | 'root'>,
  take: (payload: unknown) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const clientOptions = { ...root, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true, timeout: CONNECT_MS_MAX };
  const client = new SocketModeClient({ appToken, autoReconnectEnabled: false, clientOptions, logger: SILENT });
  client.on('slack_event', ({ ack, body }: Envelope) => {
    // Without an acknowledgement Slack brings it again: that is right when it is not safe.
    take(body)
      .then(ack)
      .catch(() => undefined);
  });
  const ended = new Promise<void>((done) => client.once('disconnected', () => done()));
  const leave = (): void => void client.disconnect().catch(() => undefined);
  const late = setTimeout(leave, CONNECT_MS_MAX);
  signal.addEventListener('abort', leave, { once: true });
  try {
    await client.start();
    clearTimeout(late);
    await ended;
  } finally {
    clearTimeout(late);
    signal.removeEventListener('abort', leave);
  }
}
