import { connectRedis, memoryCredentialVault, redisCredentialVault, type RedisConnection } from '#libs/bus';
import { randomUUID } from 'node:crypto';
import { startRedis, type TestRedis } from '../support/redis.js';

let server: TestRedis;
const connections: RedisConnection[] = [];

beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  for (const connection of connections) connection.close();
  await server.stop();
});

function onRedis() {
  const connection = connectRedis({ url: server.url, prefix: randomUUID(), role: 'worker' });
  connections.push(connection);
  return redisCredentialVault(connection);
}

describe.each([
  ['memory', memoryCredentialVault],
  ['redis', onRedis],
])('keys of upstreams: %s', (_name, open) => {
  test('what was written last is read, per upstream', async () => {
    const vault = open();
    const credential = { sealed: 'v1.x', expiresAt: 3, renewAt: 2, renewedAt: 1 };
    expect(await vault.read('a')).toBeUndefined();
    await vault.write('a', { ...credential, sealed: 'v1.w' });
    await vault.write('a', credential);
    expect([await vault.read('a'), await vault.read('b')]).toEqual([credential, undefined]);
    await vault.tellLogin('a', { state: 'logged_in', at: 5 });
    expect([await vault.login('a'), await vault.login('b')]).toEqual([{ state: 'logged_in', at: 5 }, undefined]);
  });

  test('a bundle is beside the key, is taken once, and the last one counts', async () => {
    const vault = open();
    await vault.offer('a', 'v1.one');
    await vault.offer('a', 'v1.two');
    expect(await vault.read('a')).toBeUndefined();
    expect(await vault.takeOffer('b')).toBeUndefined();
    const taken = await Promise.all([vault.takeOffer('a'), vault.takeOffer('a')]);
    expect(taken.filter((one) => one !== undefined)).toEqual(['v1.two']);
  });

  test('a login that was asked for is taken once, by somebody who has the upstream', async () => {
    const vault = open();
    await vault.askLogin('a');
    await vault.askLogin('a');
    await vault.askLogin('b');
    expect(await vault.takeLogins(['c'])).toEqual([]);
    const taken = await Promise.all([vault.takeLogins(['a', 'c']), vault.takeLogins(['a', 'c'])]);
    expect(taken.flat()).toEqual(['a']);
    expect(await vault.takeLogins(['a', 'b'])).toEqual(['b']);
  });
});
