import { parseAllowedHosts } from '../../../libs/guarded-fetch/src/address-policy.js';
import { checkTarget } from '../../../libs/guarded-fetch/src/check-target.js';
import { withDeadline } from '../../../libs/guarded-fetch/src/with-deadline.js';

const guard = {
  allowed: parseAllowedHosts([]),
  resolve: async () => [{ address: '93.184.216.34', family: 4 } as const],
  question: { signal: new AbortController().signal },
};

describe('redirect targets', () => {
  const secure = new URL('https://a.test/x/y');
  const plain = new URL('http://a.test/x/y');

  test.each([
    ['http://a.test/', secure, 'refused'],
    ['http://b.test/', secure, 'refused'],
    ['https://b.test/', secure, 'allowed'],
    ['https://b.test/', plain, 'allowed'],
    ['http://b.test/', plain, 'allowed'],
  ])('%s from %s is %s', async (location, from, kind) => {
    expect(await checkTarget(location, guard, from)).toMatchObject({ kind });
  });

  test('are resolved against the URL that they came from, without the fragment', async () => {
    const target = await checkTarget('../z?q#part', guard, secure);
    expect(target.kind === 'allowed' && target.url.href).toBe('https://a.test/z?q');
  });
});

describe('the time limit of a fetch', () => {
  test('lets go of the outer signal when it is cleared', () => {
    const outer = new AbortController();
    const deadline = withDeadline(outer.signal, 60_000);
    deadline.clear();
    outer.abort('later');
    expect(deadline.signal.aborted).toBe(false);
  });

  test('follows the outer signal until then', () => {
    const outer = new AbortController();
    const deadline = withDeadline(outer.signal, 60_000);
    outer.abort('now');
    expect([deadline.signal.reason, deadline.isOver()]).toEqual(['now', false]);
    deadline.clear();
  });
});
