import { GatewayError } from '#libs/contract';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Duty, DutyPorts } from './duties/duty.js';

/** Schedulers that were started together must not look at Redis in the same instant for ever. */
const JITTER = 0.1;

export interface DutiesSettings {
  readonly duties: readonly Duty[];
  readonly ports: DutyPorts;
  /** 0 up to 1, as Math.random. */
  random(): number;
  /** Told of every look of a duty. */
  onLook?(duty: string, outcome: 'done' | 'failed'): void;
}

/**
 * Runs every duty at its interval, the first time somewhere in its first interval, when connections are up. A duty never overlaps itself: the interval
 * counts from its end. One that fails is logged and comes again. Throws when two duties have one name.
 */
export function startDuties(settings: DutiesSettings): { stop(): Promise<void> } {
  const names = settings.duties.map((duty) => duty.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`Two duties are called ${twice}.`);
  const stopping = new AbortController();
  const loops = settings.duties.map((duty) => repeat(duty, settings, stopping.signal));
  return {
    /** Starts nothing more and resolves when the duties under way have ended. */
    async stop() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}

async function repeat(duty: Duty, { ports, random, onLook }: DutiesSettings, signal: AbortSignal): Promise<void> {
  await pause(duty.everyMs * (JITTER + (1 - JITTER) * random()), signal);
  while (!signal.aborted) {
    try {
      await duty.run(ports, signal);
      onLook?.(duty.name, 'done');
    } catch (cause) {
      onLook?.(duty.name, 'failed');
      ports.logger.warn({ ...whyOf(cause), duty: duty.name }, 'a duty failed; it comes again');
    }
    await pause(duty.everyMs * (1 - JITTER + 2 * JITTER * random()), signal);
  }
}

/** A neighbour that is away says all there is to say in one line; a stack would look like a fault of ours. */
function whyOf(cause: unknown): { readonly reason: string } | { readonly err: unknown } {
  const isAway = cause instanceof GatewayError && (cause.code === 'unavailable' || cause.code === 'queue_unavailable');
  return isAway ? { reason: cause.message } : { err: cause };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined); // Only rejects when it is cut short.
}
