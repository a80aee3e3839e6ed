import { pino } from 'pino';
import { WorkerWatch } from '../../../../apps/api/src/runs/worker-watch.js';

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
    look: (alive: number, afterSeconds: number) => {
      now += afterSeconds * 1_000;
      watch.looked(alive);
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
