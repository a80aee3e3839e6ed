import { ConfigError, loadConfig } from '#libs/config';

const UPSTREAMS = `
upstreams:
  - { name: a, provider: openai, base_url: http://127.0.0.1:1/v1, weight: 3, priority: 1, max_in_flight: 8 }
  - { name: b, provider: openai, base_url: http://127.0.0.1:2/v1 }
`;

const load = (text: string) => loadConfig({ TALARIA_CONFIG: 'talaria.yaml' }, () => text).models;

/** What is wrong, one line each. */
function problems(text: string): string[] {
  try {
    load(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n').slice(1);
    throw error;
  }
  return [];
}

test('a model may have several upstreams, each with its share, its priority and its bound', () => {
  const { routes, upstreams } = load(`${UPSTREAMS}models: [{ name: pooled, upstreams: [a, b], model: big }]`);
  expect(routes).toMatchObject([{ name: 'pooled', upstream: 'a', pool: ['a', 'b'], model: 'big' }]);
  expect(upstreams).toMatchObject([{ weight: 3, priority: 1, inFlightMax: 8 }, { name: 'b' }]);
});

test('names that clients have built in are aliases of models', () => {
  const { aliases } = load(`${UPSTREAMS}models: [{ name: big, upstream: a, model: m }]
aliases: [{ name: 'claude-*', model: big }]`);
  expect(aliases).toEqual([{ name: 'claude-*', model: 'big' }]);
});

const entry = (name: string, more: string): string => `{ name: ${name}, model: m, ${more} }`;

test.each([
  ['an upstream that is not there', `[${entry('x', 'upstreams: [a, nobody]')}]`, 'models[0].upstreams'],
  ['the same upstream twice', `[${entry('x', 'upstreams: [a, a]')}]`, 'models[0].upstreams'],
  ['a pool of nobody', `[${entry('x', 'upstreams: []')}]`, 'models[0]'],
  ['one upstream and several', `[${entry('x', 'upstream: a, upstreams: [b]')}]`, 'models[0]'],
  ['no upstream', `[${entry('x', 'fallback: []')}]`, 'models[0]'],
  [
    'a circle of models that stand in',
    `[${entry('x', 'upstream: a, fallback: [y]')}, ${entry('y', 'upstream: b, fallback: [x]')}]`,
    'models[0].fallback',
  ],
])('%s is refused in one line', (_, models, where) => {
  const found = problems(`${UPSTREAMS}models: ${models}`);
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(`- ${where}`);
});

test.each(['weight: -1', 'weight: 0', 'priority: -1', 'max_in_flight: 0', 'weight: much'])(
  '%s is refused',
  (setting) => {
    const found = problems(`upstreams: [{ name: a, provider: demo, ${setting} }]`);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`- upstreams[0].${setting.split(':')[0]}`);
  },
);

test('a model may stand in for two others', () => {
  const models = `[${entry('x', 'upstream: a, fallback: [z]')}, ${entry('y', 'upstream: b, fallback: [z, x]')}, ${entry('z', 'upstream: b')}]`;
  expect(problems(`${UPSTREAMS}models: ${models}`)).toEqual([]);
});
