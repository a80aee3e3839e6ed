import { readFileSync } from 'node:fs';
import { REFUSAL_REASONS } from '#libs/contract';
import { mayReadMetrics, METRICS, Metrics, type MetricSpec } from '#libs/platform';

const specs: readonly MetricSpec[] = Object.values(METRICS);
const build = (): Metrics => new Metrics({ service: 'test', version: '1', isDraining: () => false });

describe('the catalog', () => {
  test('names each metric once, with our prefix, as Prometheus wants it', () => {
    const names = specs.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^talaria_[a-z_]+[a-z]$/);
  });

  test('docs/runbook.md explains every metric, and none that does not exist', () => {
    const named = readFileSync('docs/runbook.md', 'utf8').match(/\btalaria_[a-z_]+/g) ?? [];
    const plain = named.map((name) => name.replace(/_bucket$/, ''));
    expect([...new Set(plain)].sort()).toEqual(specs.map(({ name }) => name).sort());
  });

  test('has no label that could carry an id or what a client said', () => {
    const labels = new Set(specs.flatMap(({ labels = [] }) => labels));
    expect([...labels].sort()).toEqual(
      ['code', 'duty', 'kind', 'method', 'model', 'outcome', 'queue', 'reason', 'route', 'scheme', 'service', 'state', 'status', 'upstream', 'version'], // prettier-ignore
    );
  });
});

describe('a scrape', () => {
  test('has no gauge that is named like a counter, and counters whose labels are known begin at 0', async () => {
    const metrics = build();
    metrics.counter(METRICS.refusals);
    const text = await metrics.text();
    const gauges = [...text.matchAll(/^# TYPE (\S+) gauge$/gm)].map(([, name = '']) => name);
    expect(gauges.filter((name) => name.endsWith('_total'))).toEqual([]);
    for (const reason of REFUSAL_REASONS) expect(text).toContain(`talaria_api_refusals_total{reason="${reason}"} 0`);
  });

  test('tells counters, histograms, gauges and what Node knows of itself', async () => {
    const metrics = build();
    metrics.counter(METRICS.errors).inc({ code: 'not_found' });
    metrics.histogram(METRICS.relayLag).observe(0.004);
    metrics.gauge(METRICS.inFlight, () => 7);
    const text = await metrics.text();
    expect(text).toContain('talaria_api_errors_total{code="not_found"} 1');
    expect(text).toContain('talaria_api_relay_lag_seconds_bucket{le="0.005"} 1');
    expect(text).toContain('talaria_api_in_flight 7');
    expect(text).toMatch(/nodejs_eventloop_lag_p99_seconds \d/);
  });

  test('leaves out what cannot be read now, and tells it again when it can', async () => {
    const metrics = build();
    let isAway = false;
    metrics.gauges(METRICS.queueOldest, async () => {
      if (isAway) throw new Error('Redis is away');
      return [[{ queue: 'runs' }, 3]];
    });
    metrics.gauge(METRICS.unconfirmed, async () => {
      if (isAway) throw new Error('Redis is away');
      return 5;
    });
    expect(await metrics.text()).toMatch(/queue="runs"} 3[\s\S]*talaria_runs_unconfirmed 5/);
    isAway = true;
    expect(await metrics.text()).not.toMatch(/^talaria_(queue_oldest_wait_seconds|runs_unconfirmed)[ {]/m);
    isAway = false;
    expect(await metrics.text()).toMatch(/queue="runs"} 3[\s\S]*talaria_runs_unconfirmed 5/);
  });
});

test.each([
  [{ isPublic: false }, 'Bearer x', false],
  [{ isPublic: true }, undefined, true],
  [{ isPublic: false, token: 'secret' }, undefined, false],
  [{ isPublic: false, token: 'secret' }, 'Bearer secre', false],
  [{ isPublic: false, token: 'secret' }, 'secret', false],
  [{ isPublic: false, token: 'secret' }, 'Bearer secret', true],
])('access %j with %p: %p', (access, authorization, allowed) => {
  expect(mayReadMetrics(access, authorization)).toBe(allowed);
});
