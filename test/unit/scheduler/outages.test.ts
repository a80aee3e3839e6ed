import { GatewayError } from '#libs/contract';
import { pino } from 'pino';
import { Outages } from '../../../apps/scheduler/src/outages.js';

const away = new GatewayError('unavailable', 'The store cannot be reached right now.');
const redisAway = new GatewayError('queue_unavailable', 'The queue cannot be reached right now.');
const STORE = { neighbour: 'store', address: 'http://store:8645' };
const [INFO, WARN] = [30, 40];

/** Outages of a scheduler that started so many seconds ago. */
function outages(age = { seconds: 60 }): { lines: Record<string, unknown>[]; of: Outages } {
  const lines: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  const addresses = { store: STORE.address, redis: 'redis:6379' };
  const startedAt = Date.now();
  let looks = 0;
  const now = (): number => startedAt + (looks++ === 0 ? 0 : age.seconds * 1_000);
  return { lines, of: new Outages(pino({}, stream), addresses, now) };
}

test('before it ever answered a neighbour is waited for without a warning, in one line with its address', () => {
  const { lines, of } = outages();
  for (let i = 0; i < 5; i++) for (const duty of ['fire', 'look', 'deliver']) of.failed(duty, away);
  expect(lines).toMatchObject([{ level: INFO, ...STORE, duty: 'fire' }]);
  of.succeeded('something else');
  of.succeeded('look');
  of.succeeded('fire');
  expect(lines).toMatchObject([{}, { level: INFO, ...STORE, msg: 'a neighbour answers again' }]);
});

test('while everything starts nobody is told, and of what stays away everybody', () => {
  const age = { seconds: 2 };
  const { lines, of } = outages(age);
  of.failed('fire', away);
  of.failed('look', away);
  of.succeeded('fire');
  of.failed('deliver', redisAway);
  expect(lines).toEqual([]);
  age.seconds = 30;
  of.failed('deliver', redisAway);
  of.failed('deliver', redisAway);
  expect(lines).toMatchObject([{ level: INFO, neighbour: 'redis' }]);
  of.succeeded('deliver');
  expect(lines).toMatchObject([{}, { level: INFO, msg: 'a neighbour answers again' }]);
});

test('each later outage is one warning, and one line when it is over', () => {
  const { lines, of } = outages();
  of.succeeded('fire');
  for (let outage = 0; outage < 2; outage++) {
    for (let i = 0; i < 5; i++) of.failed('fire', away);
    of.failed('look', redisAway);
    of.succeeded('fire');
    of.succeeded('look');
  }
  const said = lines.map(({ level, neighbour }) => [level, neighbour]);
  const [first, second] = [said.slice(0, 4), said.slice(4)];
  expect(first).toEqual([
    [WARN, 'store'],
    [INFO, 'redis'],
    [INFO, 'store'],
    [INFO, 'redis'],
  ]);
  expect(second).toEqual([
    [WARN, 'store'],
    [WARN, 'redis'],
    [INFO, 'store'],
    [INFO, 'redis'],
  ]);
});

test('any other failure is a warning of its own, with its cause', () => {
  const { lines, of } = outages();
  of.failed('fire', new Error('not planned'));
  of.failed('fire', new Error('not planned'));
  expect(lines).toMatchObject([1, 2].map(() => ({ level: WARN, duty: 'fire', err: { message: 'not planned' } })));
});
