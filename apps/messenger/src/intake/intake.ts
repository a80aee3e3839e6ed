import { GatewayError, type ChatDesk, type Leases } from '#libs/contract';
import type { Inbound, Inlet, Platform } from '#libs/messengers';
import type { Logger } from '#libs/platform';
import type { Entry } from '../answers/ports.js';
import { fitsInbox } from '../chats/chat-host.js';
import { rest } from '../state/bell.js';

/** A process that died asks for no updates any more after so long. */
const LEASE_MS = 15_000;
const RENEW_EVERY_MS = 4_000;

export interface IntakePorts {
  readonly desk: ChatDesk;
  readonly leases: Leases;
  readonly logger: Logger;
  onUpdate(outcome: 'new' | 'seen' | 'full' | 'unheard'): void;
  /** Something came in that a chat of this process may be waiting for. */
  onEntry(): void;
}

/** Users on no list of whom the log has a line. */
const STRANGERS_TOLD_MAX = 200;
const strangersTold = new Set<string>();

/** An owner who has given a wrong id sees nothing in the chat, and has to see why. One line for each user. */
function tellOfStranger({ logger }: IntakePorts, platform: string, userId: string): void {
  const who = `${platform} ${userId}`;
  if (strangersTold.has(who) || strangersTold.size >= STRANGERS_TOLD_MAX) return;
  strangersTold.add(who);
  const setting = `${platform.toUpperCase()}_ALLOWED_USERS`;
  logger.info({ platform, userId }, `a message of user ${userId} is not heard: ${setting} does not name it`);
}

/** Puts updates into the inboxes of their chats, each once, however often and through whomever they come. */
export function inletOf(ports: IntakePorts, platform: string): Inlet {
  const { desk, onUpdate, onEntry } = ports;
  return {
    async take(updateId, inbound, stranger) {
      if (stranger !== undefined) tellOfStranger(ports, platform, stranger);
      if (!inbound) return onUpdate('unheard');
      const entry = JSON.stringify({ entryId: updateId, kind: 'inbound', inbound: shortened(inbound) } satisfies Entry);
      const outcome = await desk.put(inbound.chat, updateId, entry);
      onUpdate(outcome);
      onEntry();
      // A chat that floods us: it is not worth more memory. The platform would bring the same update again and again.
    },
    mark: () => desk.mark(platform),
    setMark: (mark) => desk.setMark(platform, mark),
  };
}

/** Takes updates in while this process holds the platform's lease: platforms refuse two who ask at the same time. */
export async function takeIn(
  ports: IntakePorts,
  platform: Platform,
  { holder, signal }: { readonly holder: string; readonly signal: AbortSignal },
): Promise<void> {
  const name = `messenger-intake ${platform.name}`;
  const { leases, logger } = ports;
  while (!signal.aborted) {
    try {
      if (await leases.take(name, holder, { holdersMax: 1, ttlMs: LEASE_MS }))
        await hold(ports, platform, { name, holder, signal });
    } catch (cause) {
      logger.warn({ err: cause, platform: platform.name }, 'updates could not be taken in');
    }
    await rest(RENEW_EVERY_MS, signal);
  }
  await leases.release(name, holder).catch(() => undefined); // It ends by itself.
}

async function hold(
  ports: IntakePorts,
  platform: Platform,
  { name, holder, signal }: { readonly name: string; readonly holder: string; readonly signal: AbortSignal },
): Promise<void> {
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  const receiving = platform.receive(inletOf(ports, platform.name), until).finally(() => over.abort());
  let renewedAt = Date.now();
  while (!until.aborted) {
    await rest(RENEW_EVERY_MS, until);
    const isHeld = await ports.leases.renew(name, holder, LEASE_MS).catch((cause: unknown) => {
      if (!(cause instanceof GatewayError)) throw cause;
      return undefined;
    });
    if (isHeld === true) renewedAt = Date.now();
    if (isHeld === false || Date.now() - renewedAt > LEASE_MS) over.abort();
  }
  await receiving;
}

/** A text that no inbox takes is cut: platforms allow far shorter ones. */
function shortened(inbound: Inbound): Inbound {
  if (inbound.kind !== 'message' || fitsInbox(inbound.text)) return inbound;
  return { ...inbound, text: inbound.text.slice(0, TEXT_CHARS_MAX).replace(/[\uD800-\uDBFF]$/, '') };
}

const TEXT_CHARS_MAX = 40_000;
