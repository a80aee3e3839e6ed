import { GatewayError } from '#libs/contract';
import { getRun, upsertRuns, type SqlDatabase } from '#libs/store';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DATABASE, RunsController, TOKEN } from '../../../apps/store/src/http/runs.controller.js';
import { migratedPglite } from '../../support/pglite.js';
import { runSnapshot } from '../../support/run-snapshot.js';

class TestModule {}

async function appOver(db: SqlDatabase, token: string | null): Promise<NestFastifyApplication> {
  const providers = [
    { provide: DATABASE, useValue: db },
    { provide: TOKEN, useValue: token },
  ];
  const module = { module: TestModule, controllers: [RunsController], providers };
  const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), {
    logger: false,
    abortOnError: false,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return app;
}

describe('the internal reads', () => {
  let db: SqlDatabase;
  let app: NestFastifyApplication;

  beforeAll(async () => {
    db = await migratedPglite();
    app = await appOver(db, null);
  });
  afterAll(async () => {
    await app.close();
    await db.close();
  });

  const get = async (path: string, headers: Record<string, string> = {}, on = app) => {
    const response = await fetch(`${await on.getUrl()}${path}`, { headers });
    return {
      status: response.status,
      body: (await response.json()) as unknown,
      retryAfter: response.headers.get('retry-after'),
    };
  };

  test('a run comes back as it was stored, NUL and lone surrogates included', async () => {
    const run = runSnapshot({ items: [{ type: 'text', step: 1, status: 'completed', text: 'a\0b\ud800c' }] });
    await upsertRuns(db, [run]);
    expect(await get(`/internal/runs/${run.runId}`)).toMatchObject({ status: 200, body: run });
  });

  test('an unknown run is 404 with the four keys of an error', async () => {
    const error = { message: 'No such run.', type: 'invalid_request_error', param: null, code: 'run_not_found' };
    expect(await get('/internal/runs/run_nobody')).toMatchObject({ status: 404, body: { error } });
    expect(await get('/internal/runs/%00%27')).toMatchObject({ status: 404, body: { error } });
  });

  test('a list is paged by its cursor', async () => {
    const owner = 'a&b=c';
    const runs = [3, 2, 1].map((createdAt) => runSnapshot({ owner, createdAt }));
    await upsertRuns(db, runs);
    const url = `/internal/runs?owner=${encodeURIComponent(owner)}&limit=2`;
    const first = (await get(url)).body as { runs: unknown; next: string };
    expect(first.runs).toEqual(runs.slice(0, 2));
    const second = await get(`${url}&after=${encodeURIComponent(first.next)}`);
    expect(second.body).toEqual({ runs: runs.slice(2) });
    expect((await get(`${url}&status=failed`)).body).toEqual({ runs: [] });
  });

  test.each([
    ['', 'owner'],
    ['?owner=a&owner=b', 'owner'],
    ['?owner=a&limit=0', 'limit'],
    ['?owner=a&limit=101', 'limit'],
    ['?owner=a&limit=1e1', 'limit'],
    ['?owner=a&status=done', 'status'],
    ['?owner=a&after=nonsense', 'after'],
  ])('the query %j is refused and the parameter named', async (query, param) => {
    expect(await get(`/internal/runs${query}`)).toMatchObject({ status: 400, body: { error: { param } } });
  });

  test('with a token, nothing is told without it', async () => {
    const run = runSnapshot();
    await upsertRuns(db, [run]);
    const guarded = await appOver(db, 'right-token');
    try {
      const url = `/internal/runs/${run.runId}`;
      const ask = (authorization?: string) => get(url, authorization === undefined ? {} : { authorization }, guarded);
      for (const wrong of [undefined, '', 'right-token', 'Bearer', 'Bearer right-toke', 'Bearer right-token2']) {
        expect(await ask(wrong)).toMatchObject({ status: 401, body: { error: { code: 'invalid_api_key' } } });
      }
      expect(await ask('Bearer right-token')).toMatchObject({ status: 200, body: run });
    } finally {
      await guarded.close();
    }
  });

  test.each([
    ['that is not open yet', new GatewayError('unavailable', 'Waiting.', { retryAfterSeconds: 2 }), 503, 'unavailable'],
    ['that is away', Object.assign(new Error('secret-host:5432'), { code: 'ECONNREFUSED' }), 503, 'unavailable'],
    ['without the table', Object.assign(new Error('secret-host'), { code: '42P01' }), 500, 'internal_error'],
  ])('a database %s is an error without a trace of the inside', async (_, cause, status, code) => {
    const broken = await appOver({ ...db, query: () => Promise.reject(cause) }, null);
    try {
      const reply = await get('/internal/runs/run_1', {}, broken);
      expect(reply).toMatchObject({ status, body: { error: { code } } });
      expect(JSON.stringify(reply.body)).not.toContain('secret');
      if (status === 503) expect(reply.retryAfter).toBe('2');
    } finally {
      await broken.close();
    }
    expect(await getRun(db, 'run_1')).toBeUndefined();
  });
});
