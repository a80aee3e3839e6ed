import { memoryChatDesk } from '#libs/bus';
import { LIMITS, type ChatDelivery, type ChatDesk } from '#libs/contract';
import { assertSetUp, createTargets, type DeliveryOutcome, type Parcel } from '#libs/delivery';

const chatTarget = (desk?: ChatDesk, platform = 'telegram') => {
  const target = createTargets({ webhookAllowedHosts: [] }, desk).find(({ scheme }) => scheme === platform);
  if (!target) throw new Error('there is no such target');
  return target;
};
const parcel = (address: string, more: object = {}): Parcel =>
  ({
    job: { id: 'j', owner: 'alice', name: 'news' },
    run: { runId: 'run_1', status: 'completed', output: 'all is well', ...more },
    address,
    messageId: 'msg_1_0',
    now: 0,
    signal: new AbortController().signal,
  }) as unknown as Parcel;

/** Posts what is put into the chat, as a messenger would. */
async function postAll(desk: ChatDesk, outcome: Parameters<ChatDesk['settle']>[1]): Promise<ChatDelivery[]> {
  const posted: ChatDelivery[] = [];
  for (const claim of await desk.claim('m', { limit: 10, ttlMs: 60_000 })) {
    for (const text of await desk.entries(claim.chat, 10)) {
      const entry = JSON.parse(text) as ChatDelivery;
      posted.push(entry);
      await desk.settle(entry.entryId, outcome);
    }
    await desk.save(claim, '', posted.length);
    await desk.release(claim);
  }
  return posted;
}

async function delivered(desk: ChatDesk, sent: Parcel, outcome: Parameters<ChatDesk['settle']>[1]) {
  await desk.serve(['telegram', 'slack', 'discord']);
  const attempt: Promise<DeliveryOutcome> = chatTarget(desk).deliver(sent);
  await new Promise((done) => setImmediate(done));
  const posted = await postAll(desk, outcome);
  return { posted, outcome: await attempt };
}

test('a result goes into its chat and topic, and counts as delivered when it is posted', async () => {
  const desk = memoryChatDesk();
  const { posted, outcome } = await delivered(desk, parcel('-100:12'), { kind: 'delivered' });
  expect(posted).toEqual([
    { kind: 'delivery', entryId: 'msg_1_0', owner: 'alice', thread: '12', text: '**news**\n\nall is well' },
  ]);
  expect(outcome).toEqual({ kind: 'delivered' });
});

test('another attempt asks what became of it and puts nothing into the chat again', async () => {
  const desk = memoryChatDesk();
  await delivered(desk, parcel('5'), { kind: 'delivered' });
  expect(await delivered(desk, parcel('5'), { kind: 'delivered' })).toEqual({
    posted: [],
    outcome: { kind: 'delivered' },
  });
});

test('a failed job is told, and a refusal of the messenger is final', async () => {
  const failed = parcel('5', { status: 'failed', error: { message: 'too slow' } });
  const { posted, outcome } = await delivered(memoryChatDesk(), failed, { kind: 'failed', why: 'not allowed' });
  expect(posted[0]?.text).toBe('**news**\n\nThe job failed: too slow');
  expect(outcome).toEqual({ kind: 'failed', why: 'not allowed', final: true });
});

test('without a chat it goes to the home of the key, and waits for one', async () => {
  const desk = memoryChatDesk();
  expect(await chatTarget(desk).deliver(parcel(''))).toMatchObject({ kind: 'failed', final: false });
  await desk.setHome('alice', 'telegram', '77:3');
  const { posted } = await delivered(desk, parcel(''), { kind: 'delivered' });
  expect(posted).toMatchObject([{ thread: '3' }]);
});

test('while no messenger looks after the platform the result waits in the chat, and the attempt does not', async () => {
  let now = 0;
  const desk = memoryChatDesk(() => now);
  const target = chatTarget(desk);
  expect(await target.absence?.()).toMatchObject({
    isSetUp: false,
    why: expect.stringContaining('no bot for telegram'),
  });
  await desk.serve(['telegram']);
  expect(await target.absence?.()).toBeUndefined();
  now = LIMITS.chatServedMs;
  expect(await target.absence?.()).toMatchObject({ isSetUp: true });
  const outcome = { kind: 'failed', why: expect.stringContaining('no messenger') as string, final: false };
  expect(await target.deliver(parcel('5'))).toEqual(outcome);
  expect(await delivered(desk, parcel('5'), { kind: 'delivered' })).toMatchObject({ outcome: { kind: 'delivered' } });
});

test('a target on a platform that nobody has ever looked after is refused; a messenger that is away is none', async () => {
  const desk = memoryChatDesk();
  const targets = createTargets({ webhookAllowedHosts: [] }, desk);
  const refused = { code: 'invalid_request', param: 'deliver' };
  await expect(assertSetUp(['local', 'slack:C1'], targets)).rejects.toMatchObject(refused);
  await desk.setMark('slack', 'an older messenger has come so far');
  await assertSetUp(['local', 'slack:C1', 'slack:C2'], targets);
});

test.each([
  ['telegram', '', true],
  ['telegram', '42', true],
  ['telegram', '-1001:7', true],
  ['telegram', '@name', false],
  ['telegram', '1:2:3', false],
  ['telegram', '1,2', false],
  ['slack', '', true],
  ['slack', 'C0123', true],
  ['slack', 'D0123:1700000000.000100', true],
  ['slack', '#general', false],
  ['slack', 'C0123:7', false],
  ['discord', '222222222222222222', true],
  ['discord', '1:2', false],
  ['discord', 'general', false],
])('%s: the address %j is taken: %s', (platform, address, isFine) => {
  expect(chatTarget(undefined, platform).problemOf(address) === undefined).toBe(isFine);
});

test('a run that has begun is watched in its chat, once, and nowhere when there is no home', async () => {
  const desk = memoryChatDesk();
  const target = chatTarget(desk, 'slack');
  await target.watch?.({ owner: 'alice', runId: 'run_1', address: '' });
  await desk.setHome('alice', 'slack', 'C1:8.1');
  for (let i = 0; i < 2; i++) await target.watch?.({ owner: 'alice', runId: 'run_1', address: '' });
  const [entry, ...others] = (await desk.entries('slack:C1', 9)).map((text) => JSON.parse(text) as unknown);
  expect(entry).toMatchObject({ kind: 'watch', owner: 'alice', thread: '8.1', runId: 'run_1' });
  expect(others).toEqual([]);
});
