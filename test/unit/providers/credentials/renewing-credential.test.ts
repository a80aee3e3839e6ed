import { memoryCredentialVault, memoryLeases } from '#libs/bus';
import type { CredentialVault, Leases, LoginSettings } from '#libs/contract';
import { RenewingCredential, sealer } from '#libs/providers';
import { startFakeOAuth, type FakeOAuth } from '../../../support/fake-oauth.js';
import { until } from '../../../support/until.js';

const SECRET = 'a-secret-of-the-settings-0123456789';
const signal = new AbortController().signal;

let oauth: FakeOAuth;
let vault: CredentialVault;
let leases: Leases;
let clock: number;
beforeEach(async () => {
  oauth = await startFakeOAuth();
  vault = memoryCredentialVault();
  leases = memoryLeases();
  clock = Date.now();
});
afterEach(() => oauth.stop());

const byOAuth = (more: object = {}): LoginSettings => ({
  kind: 'oauth',
  tokenUrl: `${oauth.url}/token`,
  clientId: 'talaria',
  refreshToken: 'refresh-0',
  ...more,
});
const byCommand = (script: string, env: Record<string, string> = {}): LoginSettings => ({
  kind: 'command',
  command: process.execPath,
  args: ['-e', script],
  env,
});
const worker = (holder: string, login: LoginSettings = byOAuth(), secret = SECRET) => {
  const outcomes: string[] = [];
  const parts = { upstream: 'up', login, vault, leases, holder, sealer: sealer(secret), now: () => clock };
  const credential = new RenewingCredential({
    ...parts,
    onRenewed: (outcome, why) => outcomes.push(why === undefined ? outcome : why),
  });
  return Object.assign(credential, { outcomes });
};

test('one worker renews for all, however many requests wait, and what is kept cannot be read', async () => {
  oauth.delayMs = 100;
  const [one, two] = [worker('w1'), worker('w2')];
  const keys = await Promise.all([one, two, one, two].map((each) => each.current(signal)));
  expect(new Set(keys)).toEqual(new Set(['access-1']));
  expect(oauth.asked).toHaveLength(1);
  expect(oauth.asked[0]).toMatchObject({ client_id: 'talaria', refresh_token: 'refresh-0' });
  const stored = JSON.stringify(await vault.read('up'));
  expect(stored).not.toMatch(/access-1|refresh-1/);
  // A worker that starts later takes it from there.
  expect(await worker('w3').current(signal)).toBe('access-1');
  expect(oauth.asked).toHaveLength(1);
});

test('it is renewed before its end, with the newest refresh token, while requests still use it', async () => {
  const one = worker('w1');
  await one.current(signal);
  clock += 3_600_000 - 200_000;
  expect(await one.current(signal)).toBe('access-1');
  await until(async () => oauth.asked.length === 2);
  expect(oauth.asked[1]).toMatchObject({ refresh_token: 'refresh-1' });
  await until(async () => (await one.current(signal)) === 'access-2');
  clock += 3_500_000;
  await one.tend();
  expect(await one.current(signal)).toBe('access-3');
});

test('a key that was refused is renewed once for all that were refused, also at another worker', async () => {
  const [one, two] = [worker('w1'), worker('w2')];
  await Promise.all([one.current(signal), two.current(signal)]);
  const again = await Promise.all([one, one, two].map((each) => each.refused('access-1', signal)));
  expect(again).toEqual([true, true, true]);
  expect([await one.current(signal), await two.current(signal)]).toEqual(['access-2', 'access-2']);
  expect(oauth.asked).toHaveLength(2);
  // The next one was refused, too: the key is not what is wrong.
  expect(await one.refused('access-2', signal)).toBe(false);
  expect(oauth.asked).toHaveLength(2);
});

test('without a good refresh token somebody has to log in; nobody is asked again and again, and no secret is told', async () => {
  oauth.refreshToken = undefined;
  const one = worker('w1');
  for (let i = 0; i < 3; i++) {
    await expect(one.current(signal)).rejects.toMatchObject({
      code: 'upstream_auth_failed',
      message: "The key of upstream 'up' cannot be had: its source refused to renew it (invalid_grant).",
    });
  }
  expect(oauth.asked).toHaveLength(1);
  expect(one.outcomes.join()).not.toContain('refresh-0');
});

test('a device login says what to open, goes on by itself, and brings a key to every worker', async () => {
  oauth.refreshToken = undefined;
  const [one, two] = [
    worker('w1', byOAuth({ deviceUrl: `${oauth.url}/device`, refreshToken: undefined })),
    worker('w2'),
  ];
  await one.logIn();
  expect(await vault.login('up')).toMatchObject({
    state: 'waiting',
    userCode: 'AB-CD',
    verificationUri: `${oauth.url}/activate`,
  });
  expect(JSON.stringify(await vault.login('up'))).not.toContain('"dev"');
  await one.tend();
  expect(await vault.login('up')).toMatchObject({ state: 'waiting' });
  oauth.isApproved = true;
  await until(async () => {
    clock += 100;
    await one.tend();
    return (await vault.login('up'))?.state === 'logged_in';
  });
  expect([await one.current(signal), await two.current(signal)]).toEqual(['access-1', 'access-1']);
});

test.each(['the worker that logged in', 'another worker'])(
  'failures before a login do not stand in the way of a renewal after it: %s',
  async (who) => {
    const login = byOAuth({ deviceUrl: `${oauth.url}/device`, refreshToken: undefined });
    const [one, two] = [worker('w1', login), worker('w2', login)];
    for (const each of [one, two]) await expect(each.current(signal)).rejects.toThrow('needs somebody to log in');
    oauth.isApproved = true;
    await one.logIn();
    await one.tend();
    const each = who === 'another worker' ? two : one;
    expect(await each.current(signal)).toBe('access-1');
    expect(await each.refused('access-1', signal)).toBe(true);
    expect(await each.current(signal)).toBe('access-2');
  },
);

test('a device login that nobody takes up fails', async () => {
  const one = worker('w1', byOAuth({ deviceUrl: `${oauth.url}/device`, refreshToken: undefined }));
  await one.logIn();
  clock += 700_000;
  await one.tend();
  expect(await vault.login('up')).toMatchObject({ state: 'failed', error: expect.stringContaining('in time') });
});

test('a program prints a token with its end; its environment is its own', async () => {
  const script =
    'console.log(JSON.stringify({ token: "t-" + process.env.WHO + "-" + (process.env.SECRET ?? "none"), expires_in: 60 }))';
  process.env['SECRET'] = 'of the worker';
  expect(await worker('w1', byCommand(script, { WHO: 'ann' })).current(signal)).toBe('t-ann-none');
  delete process.env['SECRET'];
  expect((await vault.read('up'))?.expiresAt).toBe(clock + 60_000);
});

test.each([
  ['process.exit(3)', 'ended with the code 3'],
  ['console.log("{ broken")', 'gave something that is no JSON'],
  ['console.log("{}")', 'gave no token'],
  ['console.log(JSON.stringify({ token: "t", expires_at: 5 }))', 'gave a token that has expired'],
  ['console.log("x".repeat(100000))', 'printed too much'],
])('a program that does %s: %s', async (script, why) => {
  await expect(worker('w1', byCommand(script)).current(signal)).rejects.toThrow(why);
});

test('a program that is not there', async () => {
  const login = { kind: 'command', command: '/no/such/program', args: [], env: {} } as const;
  await expect(worker('w1', login).current(signal)).rejects.toThrow('could not be started');
});

test('a vault of another key is as good as empty', async () => {
  await worker('w1').current(signal);
  const other = worker('w2', byOAuth(), OTHER_SECRET);
  await expect(other.current(signal)).rejects.toThrow('invalid_grant');
});

const OTHER_SECRET = 'another-secret-of-the-settings-0123';
const bundle = (refreshToken: string | undefined, secret = SECRET, expiresAt = clock - 1): string =>
  sealer(secret).seal(
    'up',
    JSON.stringify({ accessToken: 'theirs', expiresAt, ...(refreshToken && { refreshToken }) }),
  );

test('a bundle of another deployment with the same key is renewed and taken, also where there is a device login', async () => {
  const one = worker('w1', byOAuth({ deviceUrl: `${oauth.url}/device`, refreshToken: undefined }));
  await vault.offer('up', bundle('refresh-0'));
  await one.logIn();
  expect(await vault.login('up')).toMatchObject({ state: 'logged_in' });
  expect([await one.current(signal), await worker('w2').current(signal)]).toEqual(['access-1', 'access-1']);
  await vault.offer('up', bundle(undefined, SECRET, clock + 3_600_000));
  await one.logIn();
  expect(await one.current(signal)).toBe('theirs');
});

test.each([
  ['was encrypted with another key', () => bundle('refresh-1', OTHER_SECRET)],
  ['was encrypted with another key', () => `v1.${'A'.repeat(60)}`],
  ['could not be renewed: the source refused', () => bundle('refresh-of-yesterday')],
  ['has expired', () => bundle(undefined)],
])('a bundle that %s is dropped with a warning; the key before it and device logins stay', async (why, made) => {
  const one = worker('w1', byOAuth({ deviceUrl: `${oauth.url}/device` }));
  await one.current(signal);
  const before = await vault.read('up');
  await vault.offer('up', made());
  await one.logIn();
  expect(await vault.login('up')).toMatchObject({ state: 'failed', error: expect.stringContaining(why) });
  expect(one.outcomes.at(-1)).toContain(why);
  expect(await vault.read('up')).toEqual(before);
  expect([await one.current(signal), await worker('w2').current(signal)]).toEqual(['access-1', 'access-1']);
  await one.logIn();
  expect(await vault.login('up')).toMatchObject({ state: 'waiting', userCode: 'AB-CD' });
});

/** The vault of a worker that cannot write just now. */
const broken = (): { isAway: boolean } => {
  const state = { isAway: false };
  const { write } = vault;
  vault.write = async (...given) => {
    if (state.isAway) throw new Error('away');
    return write(...given);
  };
  return state;
};

test('what could not be saved in time does not replace what another worker has renewed since', async () => {
  const state = broken();
  const one = worker('w1');
  state.isAway = true;
  await expect(one.current(signal)).rejects.toThrow('away');
  expect(await one.current(signal)).toBe('access-1');
  state.isAway = false;
  oauth.refreshToken = 'refresh-of-the-settings';
  clock += 1;
  await worker('w2', byOAuth({ refreshToken: 'refresh-of-the-settings' })).current(signal);
  const newer = await vault.read('up');
  await one.tend();
  expect(await vault.read('up')).toEqual(newer);
  expect(await one.current(signal)).toBe('access-2');
});

test('a device login waits while another worker renews the key, and follows what it has written', async () => {
  const one = worker('w1', byOAuth({ deviceUrl: `${oauth.url}/device` }));
  await one.logIn();
  await one.tend();
  oauth.isApproved = true;
  const before = { sealed: 'v1.x', expiresAt: clock, renewAt: clock, renewedAt: clock + 60_000 };
  await vault.write('up', before);
  // A lease of the same worker counts, too.
  await leases.take('credential:up', 'w1', { holdersMax: 1, ttlMs: 10_000 });
  clock += 60_000;
  await one.tend();
  expect(await vault.read('up')).toEqual(before);
  await leases.release('credential:up', 'w1');
  clock -= 30_000;
  await until(async () => {
    clock += 100;
    await one.tend();
    return (await vault.login('up'))?.state === 'logged_in';
  });
  expect((await vault.read('up'))?.renewedAt).toBe(before.renewedAt + 1);
});

test('a request that is given up does not wait, and the renewal goes on for the others', async () => {
  oauth.delayMs = 200;
  const one = worker('w1');
  const abort = new AbortController();
  const left = one.current(abort.signal);
  const stayed = one.current(signal);
  abort.abort(new Error('enough'));
  await expect(left).rejects.toThrow('enough');
  expect(await stayed).toBe('access-1');
});
