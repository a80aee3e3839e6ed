import { setTimeout as sleep } from 'node:timers/promises';
import type { Service, ServiceName } from '../../support/stack.js';
import { sharedPostgres, type Lab } from '../lab.js';
import { cutConnections } from '../rows/redis.js';
import type { Random } from './random.js';

export interface Fault {
  readonly name: string;
  readonly weight: number;
  strike(lab: Lab, random: Random): Promise<unknown>;
}

const RESPAWN_MS = 300;

const victim = (lab: Lab, name: ServiceName, random: Random): Service | undefined => {
  const all = lab.crew.of(name);
  return all[Math.floor(random.next() * all.length)];
};

function ending(name: ServiceName, signal: NodeJS.Signals, weight: number): Fault {
  return {
    name: `${signal} ${name}`,
    weight,
    async strike(lab, random) {
      await victim(lab, name, random)?.kill(signal);
      await sleep(RESPAWN_MS);
      await lab.crew.add(name);
    },
  };
}

async function pause(pid: number, ms: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await sleep(ms);
  process.kill(pid, 'SIGCONT');
}

/** What may happen in a soak. A fault is over when `strike` resolves; the next comes after a pause. */
export const FAULTS: readonly Fault[] = [
  ending('worker', 'SIGKILL', 4),
  ending('worker', 'SIGTERM', 3),
  ending('api', 'SIGKILL', 4),
  ending('api', 'SIGTERM', 3),
  ending('store', 'SIGKILL', 2),
  ending('store', 'SIGTERM', 1),
  ending('scheduler', 'SIGKILL', 2),
  { name: 'cut all Redis connections', weight: 6, strike: (lab) => cutConnections(lab) },
  { name: 'freeze Redis for 3 s', weight: 2, strike: (lab) => pause(lab.stack.redis.pid, 3_000) },
  { name: 'kill -9 Redis, 2 s down', weight: 2, strike: (lab) => lab.stack.redis.restart(2_000) },
  {
    name: 'freeze a worker for 9 s',
    weight: 2,
    strike: async (lab, random) => {
      const worker = victim(lab, 'worker', random);
      if (worker) await pause(worker.pid, 9_000);
    },
  },
  {
    name: 'freeze a worker for 20 s',
    weight: 1,
    strike: async (lab, random) => {
      const worker = victim(lab, 'worker', random);
      if (worker) await pause(worker.pid, 20_000);
    },
  },
  {
    name: 'stop Postgres for 5 s',
    weight: 2,
    strike: async () => {
      const postgres = await sharedPostgres();
      await postgres.halt();
      await sleep(5_000);
      await postgres.start();
    },
  },
];
