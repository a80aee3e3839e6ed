import type { RunError } from '#libs/contract';
import { pino } from 'pino';
import { WorkerWatch } from '../../../../apps/api/src/runs/worker-watch.js';

const AWAY = { code: 'upstream_unreachable', message: "Upstream 'far' cannot be reached." } as const;

function lab(secondsMax: number) {
  const lines: string[] = [];
  const logger = pino({ base: null }, { write: (line) => void lines.push((JSON.parse(line) as { msg: string }).msg) });
  let now = 1_000;
  const watch = new WorkerWatch(logger, secondsMax, () => now);
  let told = 0;
  watch.onOver(() => told++);
  return {
    watch,
    lines,
    told: () => told,
    /** Looks each second for so long, always with this result. */
    look: (alive: number, seconds: number) => {
      for (let i = 0; i < seconds; i++) {
        now += 1_000;
        watch.looked({ alive, able: alive });
      }
    },
    /** Finds for so long workers that live and have no model. */
    idle: (seconds: number, failure?: RunError) => {
      for (let i = 0; i < seconds; i++) {
        now += 1_000;
        watch.looked({ alive: 2, able: 0, ...(failure && { failure }) });
      }
    },
    /** Each second for so long a look fails, or none comes back. */
    blind: (seconds: number, fails = true) => {
      for (let i = 0; i < seconds; i++) {
        now += 1_000;
        if (fails) watch.lookFailed();
      }
    },
  };
}

test('an outage is one line in the log, and its end another', () => {
  const { lines, look } = lab(30);
  look(0, 2);
  expect(lines).toEqual([]);
  look(0, 14);
  look(0, 20);
  expect(lines).toEqual(['no worker is alive; runs wait until one starts']);
  look(1, 2);
  look(1, 2);
  expect(lines.slice(1)).toEqual(['a worker is alive again']);
  look(0, 16);
  expect(lines).toHaveLength(3);
});

test('those who wait are told once it has lasted too long, and new ones are refused until a worker is back', () => {
  const { watch, told, look } = lab(30);
  look(0, 29);
  watch.assertThere();
  look(0, 2);
  look(0, 2);
  expect(told()).toBe(1);
  expect(() => watch.assertThere()).toThrow(
    expect.objectContaining({ code: 'unavailable', retryAfterSeconds: 5 }) as Error,
  );
  look(2, 2);
  watch.assertThere();
});

test('who no longer waits is not told, and with 0 nobody is', () => {
  const { watch, look } = lab(1);
  let told = 0;
  watch.onOver(() => told++)();
  look(0, 100);
  expect(told).toBe(0);
  const patient = lab(0);
  patient.look(0, 100_000);
  patient.watch.assertThere();
  expect(patient.told()).toBe(0);
});

test.each([
  ['fail', true],
  ['do not come back', false],
])('time in which looks %s is no outage, and the clock starts again behind it', (_, fails) => {
  const { watch, told, lines, look, blind } = lab(30);
  look(2, 1);
  look(0, 20);
  blind(100, fails);
  look(0, 30);
  watch.assertThere();
  expect([told(), lines]).toEqual([0, ['no worker is alive; runs wait until one starts']]);
  look(0, 2);
  expect(told()).toBe(1);
  expect(() => watch.assertThere()).toThrow();
});

test('an outage that is over for those who wait stays so when Redis goes away, until a worker is found', () => {
  const { watch, look, blind } = lab(30);
  look(0, 31);
  blind(5);
  look(0, 1);
  expect(() => watch.assertThere()).toThrow();
  look(1, 1);
  watch.assertThere();
});

test('workers that live without a model execute nothing: the reason of their upstream is said', () => {
  const { watch, told, lines, look, idle } = lab(30);
  look(1, 1);
  idle(29, AWAY);
  watch.assertThere();
  idle(2, AWAY);
  expect(told()).toBe(1);
  expect(lines).toEqual(['no worker has a model; runs wait until one has']);
  const message = `No worker has a model to answer with. ${AWAY.message}`;
  expect(() => watch.assertThere()).toThrow(
    expect.objectContaining({ code: 'upstream_unreachable', message }) as Error,
  );
  idle(1);
  expect(() => watch.assertThere()).toThrow(expect.objectContaining({ code: 'unavailable' }) as Error);
  look(1, 1);
  watch.assertThere();
});

test('who comes during an outage to a run that is there is told, too, and each once', () => {
  const { watch, told, look } = lab(5);
  look(0, 6);
  let late = 0;
  watch.onOver(() => late++);
  look(0, 3);
  expect([told(), late]).toEqual([1, 1]);
});

test('a reason that is certain is told at once, to those who wait only if no worker ever had a model', () => {
  const certain = { alive: 1, able: 0, failure: AWAY, isCertain: true } as const;
  const fresh = lab(60);
  fresh.watch.looked(certain);
  expect(fresh.told()).toBe(1);
  expect(() => fresh.watch.assertThere()).toThrow(expect.objectContaining({ code: AWAY.code }) as Error);
  fresh.look(1, 1);
  fresh.watch.assertThere();

  const used = lab(60);
  used.look(1, 1);
  used.watch.looked(certain);
  expect(used.told()).toBe(0);
  expect(() => used.watch.assertThere()).toThrow(expect.objectContaining({ code: AWAY.code }) as Error);

  const patient = lab(0);
  patient.watch.looked(certain);
  patient.watch.assertThere();
  expect(patient.told()).toBe(0);
});
