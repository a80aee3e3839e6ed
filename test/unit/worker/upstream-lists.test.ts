import { GatewayError, type ModelProvider, type UpstreamSettings } from '#libs/contract';
import { UpstreamLists } from '../../../apps/worker/src/models/upstream-lists.js';
import { upstreamSettings } from '../../support/model-lab.js';

/** An upstream whose list is what `answer` gives at the time. */
function lab(answer: () => readonly string[], more: Partial<UpstreamSettings> = {}) {
  let asked = 0;
  const provider: ModelProvider = {
    upstream: 'openai',
    stream: () => {
      throw new Error('nobody asks here');
    },
    listModels: async () => {
      asked++;
      return answer();
    },
  };
  const news: string[] = [];
  const lists = new UpstreamLists({
    failed: (upstream, { code }) => news.push(`${upstream} ${code}`),
    listed: (upstream, models, again) => news.push(`${upstream} ${models}${again ? ' again' : ''}`),
  });
  const settings = upstreamSettings('openai', { name: 'openai', baseUrl: 'http://127.0.0.1:1/v1', ...more });
  lists.replace([settings], new Map([['openai', provider]]));
  return { lists, news, asked: () => asked };
}

const away = (): never => {
  throw new GatewayError('upstream_unreachable', 'nobody there');
};

test('a failure is told once, however often it is met, and its end, too', async () => {
  let answer: () => readonly string[] = away;
  const { lists, news } = lab(() => answer());
  await lists.askAll();
  await lists.askAll();
  expect(news).toEqual(['openai upstream_unreachable']);
  expect(lists.states()).toEqual([
    { name: 'openai', address: 'http://127.0.0.1:1/v1', models: 0, error: lists.states()[0]?.error },
  ]);
  expect(lists.isSomeAway).toBe(true);
  answer = () => ['a', 'b'];
  await lists.askFailed();
  expect(news).toEqual(['openai upstream_unreachable', 'openai 2 again']);
  expect(lists.states()).toEqual([{ name: 'openai', address: 'http://127.0.0.1:1/v1', models: 2 }]);
  expect(lists.isSomeAway).toBe(false);
});

test('a list that was there stays while its upstream is away; an empty one does not count', async () => {
  let answer: () => readonly string[] = () => ['a'];
  const { lists, news } = lab(() => answer());
  await lists.askAll();
  answer = away;
  await lists.askAll();
  expect(lists.entries()).toEqual([['openai', ['a']]]);
  answer = () => [];
  await lists.askAll();
  expect(lists.entries()).toEqual([]);
  expect(lists.failureOf('openai')?.message).toContain('lists no models');
  expect(news).toHaveLength(3);
});

test('many requests that find nothing are one question, and soon after it none', async () => {
  const { lists, asked } = lab(away);
  await Promise.all([lists.askFailed(), lists.askFailed(), lists.askFailed()]);
  await lists.askFailed();
  expect(asked()).toBe(1);
});

test('an upstream that wants a key is asked again soon only where a login may bring one', async () => {
  const refused = (): never => {
    throw new GatewayError('upstream_auth_failed', 'no key');
  };
  const { lists: fixed } = lab(refused);
  await fixed.askAll();
  expect(fixed.isSomeAway).toBe(false);
  const login = { kind: 'command', command: 'true', args: [] } as never;
  let answer: () => readonly string[] = refused;
  const { lists } = lab(() => answer(), { login });
  await lists.askAll();
  expect(lists.isSomeAway).toBe(true);
  answer = () => ['a'];
  await lists.askFailed();
  expect([lists.isSomeAway, lists.entries()]).toEqual([false, [['openai', ['a']]]]);
});
