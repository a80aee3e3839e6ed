import { LIMITS } from '#libs/contract';
import { logLifeSeconds } from '../../../libs/bus/src/redis/memory-share.js';

test('logs of stored runs live as long as ever while there is room, and a minute when there is nearly none', () => {
  expect([0, 0.2, 0.4].map(logLifeSeconds)).toEqual(Array(3).fill(LIMITS.runLogTtlSeconds));
  expect([0.8, 0.95, 3].map(logLifeSeconds)).toEqual(Array(3).fill(LIMITS.runLogTtlSecondsMin));
  const between = [0.45, 0.5, 0.6, 0.7, 0.75].map(logLifeSeconds);
  expect(between).toEqual([...between].sort((a, b) => b - a));
  expect(between[2]).toBeLessThan(LIMITS.runLogTtlSeconds / 6);
});
