import { setTimeout as sleep } from 'node:timers/promises';
import type { Duty, DutyPorts } from './duties/duty.js';
import { Outages, type NeighbourAddresses } from './outages.js';

/** Without jitter, schedulers that were started together would ask Redis at the same instants for ever. */
const JITTER = 0.1;

export interface DutiesSettings {
  readonly duties: readonly Duty[];
  readonly ports: DutyPorts;
  readonly addresses: NeighbourAddresses;
  /** From 0 up to 1, as Math.random. */
  random(): number;
  /** Called after every round of a duty. */
  onLook?(duty: string, outcome: 'done' | 'failed'): void;
}

/**
 * Runs every duty at its interval. Each duty first runs at a random point of its first interval, by when connections
 * are up. A duty never overlaps itself: the interval counts from its end. A duty that fails is logged and repeated. An
 * unreachable neighbour is logged once for all duties. Throws when two duties share a name.
 */
export function startDuties(settings: DutiesSettings): { stop(): Promise<void> } {
  const names = settings.duties.map((duty) => duty.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`Two duties are called ${twice}.`);
  const stopping = new AbortController();
  const outages = new Outages(settings.ports.logger, settings.addresses);
  const loops = settings.duties.map((duty) => repeat(duty, { ...settings, outages }, stopping.signal));
  return {
    /** Starts nothing more, and resolves when the duties under way have ended. */
    async stop() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}

type Loop = DutiesSettings & { readonly outages: Outages };

async function repeat(duty: Duty, { ports, random, onLook, outages }: Loop, signal: AbortSignal): Promise<void> {
  await pause(duty.everyMs * (JITTER + (1 - JITTER) * random()), signal);
  while (!signal.aborted) {
    try {
      await duty.run(ports, signal);
      onLook?.(duty.name, 'done');
      outages.succeeded(duty.name);
    } catch (cause) {
      onLook?.(duty.name, 'failed');
      outages.failed(duty.name, cause);
    }
    await pause(duty.everyMs * (1 - JITTER + 2 * JITTER * random()), signal);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined); // It only rejects when the signal cuts it short.
}
