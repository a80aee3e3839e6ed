import { memoryApprovalMemory, memoryPersistQueue, memoryRunLog, memoryRunQueue, memorySessionTurns } from '#libs/bus';
import { pino } from 'pino';
import type { Duty, DutyPorts } from '../../../apps/scheduler/src/duties/duty.js';
import { createDuties } from '../../../apps/scheduler/src/duties/registry.js';
import { startDuties } from '../../../apps/scheduler/src/start-duties.js';
import { until } from '../../support/until.js';
import { soon } from '../../support/hang.js';

const ports: DutyPorts = {
  log: memoryRunLog(),
  queue: memoryRunQueue(),
  persist: memoryPersistQueue(),
  sessionTurns: memorySessionTurns(),
  approvals: memoryApprovalMemory(),
  logger: pino({ level: 'silent' }),
  now: () => 0,
};
const addresses = { store: 'http://127.0.0.1:8645', redis: '127.0.0.1:6379' };
const start = (duties: readonly Duty[]) => startDuties({ duties, ports, addresses, random: () => 0.5 });

describe('running duties', () => {
  test('a duty comes again at its interval, and never overlaps itself', async () => {
    let active = 0;
    let overlaps = 0;
    let runs = 0;
    const slow: Duty = {
      name: 'slow',
      everyMs: 1,
      async run() {
        if (++active > 1) overlaps++;
        await new Promise((resolve) => setTimeout(resolve, 10));
        active--;
        runs++;
      },
    };
    const running = start([slow]);
    await until(() => runs >= 3);
    await running.stop();
    expect(overlaps).toBe(0);
  });

  test('a duty that fails comes again and does not disturb the others', async () => {
    const counts = { failing: 0, well: 0 };
    const failing: Duty = {
      name: 'failing',
      everyMs: 1,
      run: async () => {
        counts.failing++;
        throw new Error('redis is away');
      },
    };
    const well: Duty = { name: 'well', everyMs: 1, run: async () => void counts.well++ };
    const running = start([failing, well]);
    await until(() => counts.failing >= 3 && counts.well >= 3);
    await running.stop();
  });

  test('stopping waits for the duty under way, tells it, and starts nothing more', async () => {
    let begun = 0;
    let finished = 0;
    const patient: Duty = {
      name: 'patient',
      everyMs: 1,
      async run(_, signal) {
        begun++;
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        finished++;
      },
    };
    const running = start([patient]);
    await until(() => begun === 1);
    await running.stop();
    expect({ begun, finished }).toEqual({ begun: 1, finished: 1 });
  });

  test('stopping cuts a long pause short', async () => {
    const never: Duty = { name: 'never', everyMs: 3_600_000, run: async () => undefined };
    await soon(start([never]).stop());
  });

  test('two duties of one name stop the process at its start', () => {
    const duty: Duty = { name: 'same', everyMs: 1, run: async () => undefined };
    expect(() => start([duty, duty])).toThrow('Two duties are called same.');
  });

  test('the registered duties have different names', async () => {
    const names = createDuties().map((duty) => duty.name);
    expect(names).toEqual(['persist-unconfirmed', 'fail-lost-runs', 'hand-on-turns']);
    await start(createDuties()).stop();
  });
});
