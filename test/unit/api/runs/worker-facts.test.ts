import type { RunError, UpstreamState, WorkerInfo } from '#libs/contract';
import { whyNone } from '../../../../apps/api/src/runs/worker-facts.js';

const REFUSED: RunError = { code: 'upstream_auth_failed', message: 'It did not accept the API key.' };
const LATE: RunError = { code: 'upstream_timeout', message: 'It did not list its models in time.' };

const upstream = (name: string, error?: RunError): UpstreamState => ({ name, models: 0, ...(error && { error }) });

const worker = (upstreams: readonly UpstreamState[], more: object = {}): WorkerInfo => ({
  id: 'w1',
  version: 'test',
  capacity: 0,
  models: [],
  tools: [],
  unknownModels: 'reject',
  defaultModel: 'talaria',
  upstreams,
  ...more,
});

test.each([
  [
    'every upstream of every worker has failed',
    [worker([upstream('a', REFUSED)]), worker([upstream('b', REFUSED)])],
    true,
  ],
  ['an upstream was not asked yet', [worker([upstream('a', REFUSED), upstream('b')])], false],
  ['a worker has not asked yet', [worker([upstream('a', REFUSED)]), worker([upstream('b')])], false],
  ['an upstream is slow', [worker([upstream('a', REFUSED), upstream('b', LATE)])], false],
  ['a worker passes unknown names on', [worker([upstream('a', REFUSED)], { unknownModels: 'passthrough' })], false],
  ['a worker has a model', [worker([upstream('a', REFUSED)], { models: [{ name: 'm', upstream: 'b' }] })], false],
])('when %s, the reason is told, and is certain or not', (_, infos, isCertain) => {
  expect(whyNone(infos)).toEqual({ failure: REFUSED, isCertain });
});

test('without a failure there is nothing to say', () => {
  expect([whyNone([]), whyNone([worker([upstream('a')])])]).toEqual([{}, {}]);
});
