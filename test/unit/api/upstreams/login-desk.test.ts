import { memoryCredentialVault } from '#libs/bus';
import type { ModelsConfig } from '#libs/config';
import { LoginDesk } from '../../../../apps/api/src/upstreams/login-desk.js';

/** A desk over the vault of a deployment whose worker takes up every login at once. */
function open() {
  const vault = memoryCredentialVault();
  const told: (string | undefined)[] = [];
  const { askLogin } = vault;
  vault.askLogin = async (upstream) => {
    await askLogin(upstream);
    told.push(await vault.takeOffer(upstream));
    await vault.tellLogin(upstream, { state: 'waiting', at: told.length });
  };
  const models = { upstreams: [{ name: 'up', login: { kind: 'oauth' } }] } as unknown as ModelsConfig;
  return {
    vault,
    told,
    desk: new LoginDesk({ vault, models: () => models, now: Date.now, onExported: () => undefined }),
  };
}

const BUNDLE = `v1.${'A'.repeat(60)}`;

test('a bundle is put beside the key, for a worker that opens it', async () => {
  const { vault, told, desk } = open();
  const key = { sealed: 'v1.good', expiresAt: 3, renewAt: 2, renewedAt: 1 };
  await vault.write('up', key);
  await desk.start('up', BUNDLE);
  expect(told).toEqual([BUNDLE]);
  expect(await vault.read('up')).toEqual(key);
});

test('a login without a bundle forgets one that no worker took up', async () => {
  const { vault, told, desk } = open();
  await vault.offer('up', BUNDLE);
  await desk.start('up');
  expect(told).toEqual([undefined]);
});

test('what is no bundle is refused before anything is kept', async () => {
  const { vault, told, desk } = open();
  await expect(desk.start('up', 'nonsense')).rejects.toMatchObject({ code: 'invalid_request', param: 'bundle' });
  expect([told, await vault.takeOffer('up')]).toEqual([[], undefined]);
});
