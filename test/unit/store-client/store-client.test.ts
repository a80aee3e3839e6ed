import { storeClient } from '#libs/store-client';
import type { ServerResponse } from 'node:http';
import { startHttpServer, type TestHttpServer } from '../../support/http-server.js';

/** Whatever answers at the address of the store, a failure must not look like "there is no such thing". */
describe('the client of the store', () => {
  let server: TestHttpServer | undefined;
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  async function storeThatAnswers(answer: (reply: ServerResponse) => void) {
    server = await startHttpServer((_, reply) => answer(reply));
    return storeClient({ url: `http://127.0.0.1:${server.port}`, answerMsMax: 2_000 });
  }
  const saying = (status: number, body: unknown) => (reply: ServerResponse) => {
    reply.writeHead(status, { 'content-type': 'application/json' });
    reply.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const unavailable = { code: 'unavailable', retryAfterSeconds: 2 };

  test.each([
    [
      'a 404 of a store that does not know the call',
      404,
      { message: 'Cannot POST', error: 'Not Found', statusCode: 404 },
    ],
    ['a 404 of somebody else', 404, '<html>'],
    ['a 404 with another code', 404, { error: { code: 'run_not_found' } }],
    ['an answer without a result', 200, {}],
    ['no JSON', 200, 'hello'],
    ['nothing', 200, ''],
    ['another thing than was asked for', 200, { result: { runId: 'run_1' } }],
    ['a list', 200, [{ result: 1 }]],
    ['a fault', 500, { error: { code: 'internal_error', message: 'secret' } }],
    ['a wrong token', 401, { error: { code: 'invalid_api_key', message: 'The store asks for its token.' } }],
  ])('%s is unavailable', async (_, status, body) => {
    const store = await storeThatAnswers(saying(status, body));
    await expect(store.runs.run('run_1')).rejects.toMatchObject(unavailable);
    await expect(store.conversations.delete({ id: 'c', owner: 'o' })).rejects.toMatchObject(unavailable);
  });

  test('"not found" for a call that always gives something is unavailable, too', async () => {
    const store = await storeThatAnswers(saying(404, { error: { code: 'not_found', message: 'Nothing.' } }));
    expect(await store.runs.run('run_1')).toBeUndefined();
    await expect(store.runs.turns('run_1')).rejects.toMatchObject(unavailable);
    await expect(store.jobs.remove({ id: 'x' })).rejects.toMatchObject(unavailable);
  });

  test('a store of the version before says null where this one says 404', async () => {
    const store = await storeThatAnswers(saying(200, { result: null }));
    expect(await store.jobs.view({ id: 'x' })).toBeUndefined();
  });

  test('what the store says of the request is passed on', async () => {
    const error = { code: 'session_exists', message: 'There is one.', param: 'session_id' };
    const store = await storeThatAnswers(saying(409, { error }));
    await expect(store.sessions.session({ owner: 'a', sessionId: 'b' })).rejects.toMatchObject(error);
  });

  test('redirects are not followed, and answers without end are cut', async () => {
    const away = await storeThatAnswers((reply) => reply.writeHead(302, { location: '/elsewhere' }).end());
    await expect(away.runs.run('run_1')).rejects.toMatchObject(unavailable);
    await server?.close();
    const piece = Buffer.alloc(1_048_576, 'x');
    let sent = 0;
    const endless = await storeThatAnswers((reply) => {
      const more = (): void => {
        while (!reply.destroyed && reply.write(piece)) sent += 1;
        sent += 1;
        reply.once('drain', more);
      };
      reply.writeHead(200);
      more();
    });
    await expect(endless.runs.run('run_1')).rejects.toMatchObject(unavailable);
    expect(sent).toBeLessThan(200);
  });

  test('nobody there is unavailable', async () => {
    await expect(storeClient({ url: 'http://127.0.0.1:1' }).runs.run('run_1')).rejects.toMatchObject(unavailable);
  });
});
