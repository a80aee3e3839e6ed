import { ReceivingBudget } from '../../../../apps/api/src/receiving/receiving-budget.js';

const refused = (reason: string) =>
  expect.objectContaining({ code: 'rate_limit_exceeded', retryAfterSeconds: 1, reason });

describe('the bytes that are being received', () => {
  const budget = () => new ReceivingBudget({ receivingBytesMax: 300, receivingBytesPerKeyMax: 200 });

  test('a key has its share, and all keys together have theirs', () => {
    const bytes = budget();
    bytes.open('ann').hold(150);
    expect(() => bytes.open('ann').hold(51)).toThrow(refused('key_receiving'));
    bytes.open('ann').hold(50);
    bytes.open('bob').hold(100);
    expect(() => bytes.open('carol').hold(1)).toThrow(refused('receiving'));
    expect(bytes.bytes).toBe(300);
  });

  test('what is refused is not held, what ends is given back, and ending twice gives back once', () => {
    const bytes = budget();
    const [first, second] = [bytes.open('ann'), bytes.open('ann')];
    first.hold(150);
    expect(() => second.hold(100)).toThrow(refused('key_receiving'));
    second.end();
    first.end();
    first.end();
    expect(bytes.bytes).toBe(0);
    second.hold(200);
    expect(bytes.bytes).toBe(200);
  });

  test('an account grows and shrinks, and only growth can be refused', () => {
    const bytes = budget();
    const [first, second] = [bytes.open('ann'), bytes.open('ann')];
    first.hold(120);
    second.hold(80);
    expect(() => second.hold(81)).toThrow(refused('key_receiving'));
    second.hold(79);
    first.hold(121);
    expect(bytes.bytes).toBe(200);
  });

  test('who holds nothing may send one body, however small the budget', () => {
    const bytes = budget();
    bytes.open('ann').hold(1_000);
    expect(() => bytes.open('ann').hold(1)).toThrow(refused('key_receiving'));
    expect(() => bytes.open('bob').hold(1)).toThrow(refused('receiving'));
  });

  test('asking for room takes none', () => {
    const bytes = budget();
    bytes.assertRoom('ann', 200);
    expect(bytes.bytes).toBe(0);
    bytes.open('ann').hold(1);
    expect(() => bytes.assertRoom('ann', 200)).toThrow(refused('key_receiving'));
    expect(bytes.bytes).toBe(1);
  });
});
