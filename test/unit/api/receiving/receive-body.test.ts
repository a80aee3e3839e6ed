import { PassThrough } from 'node:stream';
import { receiveBody } from '../../../../apps/api/src/receiving/receive-body.js';
import { ReceivingBudget } from '../../../../apps/api/src/receiving/receiving-budget.js';

function lab(declaredBytes: number | undefined, receivingBytesPerKeyMax = 1_000_000) {
  const budget = new ReceivingBudget({ receivingBytesMax: 10_000_000, receivingBytesPerKeyMax });
  const payload = new PassThrough();
  const body = receiveBody(payload, { declaredBytes, bytesMax: 500_000 }, budget.open('ann'));
  // Looked at later.
  body.catch(() => undefined);
  return { budget, payload, body };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a body that is received', () => {
  test.each([
    ['of declared length', 200_000],
    ['in chunks', undefined],
  ])('%s comes whole and leaves the account', async (_what, declared) => {
    const { budget, payload, body } = lab(declared);
    const sent = Buffer.from('0123456789'.repeat(20_000));
    for (let i = 0; i < sent.length; i += 999) payload.write(sent.subarray(i, i + 999));
    payload.end();
    expect((await body).equals(sent)).toBe(true);
    expect(budget.bytes).toBe(0);
  });

  test('a declared length is on the account before a byte is there; a growing body as it grows', async () => {
    const declared = lab(400_000);
    expect(declared.budget.bytes).toBe(400_000);
    const growing = lab(undefined);
    expect(growing.budget.bytes).toBe(0);
    growing.payload.write(Buffer.alloc(100_000));
    await turn();
    expect(growing.budget.bytes).toBeGreaterThanOrEqual(100_000);
    expect(growing.budget.bytes).toBeLessThanOrEqual(200_000);
  });

  test('pieces of one byte take no more room than one piece', async () => {
    const { budget, payload, body } = lab(undefined);
    for (let i = 0; i < 30_000; i++) payload.write('x');
    await turn();
    expect(budget.bytes).toBeLessThanOrEqual(65_536);
    payload.end();
    expect(await body).toHaveLength(30_000);
  });

  test('without room it is refused, and what still comes is thrown away', async () => {
    const { budget, payload, body } = lab(undefined, 70_000);
    budget.open('ann').hold(10);
    payload.write(Buffer.alloc(60_000));
    payload.end(Buffer.alloc(60_000));
    await expect(body).rejects.toMatchObject({ code: 'rate_limit_exceeded', reason: 'key_receiving' });
    expect(budget.bytes).toBe(10);
    await turn();
    expect(payload.readableLength).toBe(0);
  });

  test.each([
    ['declared', 500_001],
    ['grown', undefined],
  ])('one that is too large is refused: %s', async (_what, declared) => {
    const { budget, payload, body } = lab(declared);
    payload.end(Buffer.alloc(500_001));
    await expect(body).rejects.toMatchObject({ code: 'body_too_large' });
    expect(budget.bytes).toBe(0);
  });

  test('one that breaks off is an error and leaves the account', async () => {
    const { budget, payload, body } = lab(1_000);
    payload.write('{"a":');
    payload.destroy();
    await expect(body).rejects.toThrow();
    expect(budget.bytes).toBe(0);
  });
});
