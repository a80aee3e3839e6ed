import type { ModelsConfig, RouteConfig } from '#libs/config';
import { GatewayError, type ModelProvider } from '#libs/contract';
import { ModelRoutes } from '../../../apps/worker/src/models/model-routes.js';
import { UpstreamFailure } from '../../../libs/providers/src/upstream/failures.js';
import { upstreamSettings } from '../../support/model-lab.js';

const provider = (upstream: string, models: readonly string[]): ModelProvider => ({
  upstream,
  stream: () => {
    throw new Error('nobody asks here');
  },
  listModels: async () => models,
});

const entry = (name: string, model: string, more: Partial<RouteConfig> = {}): RouteConfig => ({
  name,
  upstream: 'up',
  model,
  fallback: [],
  ...more,
});

async function routes(config: Partial<ModelsConfig>): Promise<ModelRoutes> {
  const names = ['up', 'other'];
  const made = new ModelRoutes(
    {
      defaultName: 'talaria',
      unknown: 'reject',
      rememberedSeconds: 60,
      upstreams: names.map((name) => upstreamSettings('openai', { name })),
      routes: [],
      fallback: [],
      ...config,
    },
    new Map([
      ['up', provider('up', ['rig-model', 'large-1'])],
      ['other', provider('other', ['elsewhere'])],
    ]),
    { failed: () => undefined, listed: () => undefined },
  );
  await made.discover();
  return made;
}

const small = entry('small', 'rig-model', { contextTokens: 8_000 });

describe('the limits of a model hold under every name that leads to it', () => {
  test.each([
    ['its own name', {}, 'small'],
    ['the default name, which stands for an entry', { defaultModel: 'small' }, 'talaria'],
    ["the default name, which stands for the upstream's name", { defaultModel: 'rig-model' }, 'talaria'],
    ['the default name, which stands for the first that is listed', {}, 'talaria'],
    ['the name that the upstream lists', {}, 'rig-model'],
    ['a name that nobody knows and that means the default', { unknown: 'default' }, 'what-is-this'],
  ] as const)('%s', async (_what, config, name) => {
    const made = await routes({ routes: [small], ...config });
    expect(made.entries(name)).toEqual([['small']]);
    const { candidate } = await made.route(name).next(undefined, '', new AbortController().signal);
    expect(candidate).toMatchObject({ model: 'rig-model', contextTokens: 8_000 });
  });

  test('a name that is passed on and that no upstream lists is limited as its entry is', async () => {
    const hidden = entry('hidden-one', 'hidden');
    expect((await routes({ routes: [hidden], unknown: 'passthrough' })).entries('hidden')).toEqual([['hidden-one']]);
  });

  test('a model without an entry has no limits, nor has the same name elsewhere', async () => {
    const made = await routes({ routes: [small, entry('far', 'large-1', { upstream: 'other' })] });
    expect(made.entries('large-1')).toEqual([[]]);
    expect(made.entries('elsewhere')).toEqual([[]]);
  });

  test('of several entries for one model, the one that was asked for; without one of them, all', async () => {
    const made = await routes({ routes: [small, entry('careful', 'rig-model', { contextTokens: 4_000 })] });
    expect(made.entries('careful')).toEqual([['careful']]);
    expect(made.entries('rig-model')).toEqual([['small', 'careful']]);
    const { candidate } = await made.route('careful').next(undefined, '', new AbortController().signal);
    expect(candidate.contextTokens).toBe(4_000);
  });

  test('stand-ins count, of the entry or of all discovered models', async () => {
    const large = entry('large', 'large-1', { fallback: ['small'] });
    const made = await routes({ routes: [small, large], fallback: ['small'] });
    expect(made.entries('large')).toEqual([['large'], ['small']]);
    expect(made.entries('elsewhere')).toEqual([[], ['small']]);
    expect(made.entries('small')).toEqual([['small']]);
  });

  test('alone a model has no stand-ins: the failure of its own upstream is the failure', async () => {
    const large = entry('large', 'large-1', { fallback: ['small'] });
    const made = await routes({ routes: [small, large] });
    const { signal } = new AbortController();
    const after = async (isAlone: boolean): Promise<string> => {
      const route = made.route('large', isAlone);
      const attempt = await route.next(undefined, '', signal);
      const error = new GatewayError('upstream_auth_failed', 'refused');
      const next = await route.next({ attempt, error }, '', signal).catch((cause: unknown) => cause as GatewayError);
      return next instanceof GatewayError ? next.code : next.candidate.model;
    };
    expect(await after(false)).toBe('rig-model');
    expect(await after(true)).toBe('upstream_auth_failed');
  });
});

describe('an upstream that is away at the start', () => {
  const settings = [upstreamSettings('openai', { name: 'up', baseUrl: 'http://127.0.0.1:1/v1' })];
  const config = {
    defaultName: 'talaria',
    unknown: 'reject',
    upstreams: settings,
    routes: [],
    fallback: [],
    rememberedSeconds: 0,
  } as const;

  test('is asked again by the request that finds no model, and its reason is the error until then', async () => {
    const models: string[] = [];
    const late: ModelProvider = {
      ...provider('up', []),
      listModels: async () => {
        if (models.length > 0) return models;
        throw new GatewayError('upstream_unreachable', 'not there');
      },
    };
    const made = new ModelRoutes(config, new Map([['up', late]]), { failed: () => undefined, listed: () => undefined });
    await made.discover();
    expect(() => made.route('talaria')).toThrow("Upstream 'up' (http://127.0.0.1:1/v1) did not list its models");
    models.push('rig-model');
    await made.look('talaria');
    expect(made.entries('talaria')).toEqual([[]]);
  });
});

describe('a name that nobody here knows, passed on', () => {
  const refusedWith = async (name: string, elsewhere: boolean): Promise<unknown> => {
    const route = (await routes({ routes: [small], unknown: 'passthrough' })).route(name);
    const signal = new AbortController().signal;
    const attempt = await route.next(undefined, '', signal);
    const error = new UpstreamFailure({ retry: false, elsewhere }, 'upstream_refused', 'It refused.');
    return route.next({ attempt, error }, '', signal).catch((cause: unknown) => cause);
  };

  test('is not found when its upstream does not have it, either', async () => {
    expect(await refusedWith('typo', true)).toMatchObject({ code: 'model_not_found', param: 'model' });
    expect(await refusedWith('typo', false)).toMatchObject({ code: 'upstream_refused' });
  });

  test('a model of the settings that its upstream does not have is no fault of the request', async () => {
    expect(await refusedWith('small', true)).toMatchObject({ code: 'upstream_refused' });
  });
});
