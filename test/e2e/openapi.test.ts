import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startApi } from '../support/api-app.js';
import { startRedis, type TestRedis } from '../support/redis.js';

/**
 * The OpenAPI document is a promise to whoever generates a client from it. The golden file holds it to the letter, with
 * its order. After an intended change, UPDATE_GOLDEN=1 writes the file anew: read the difference before committing it.
 * Without ADMIN_TOKEN, so that the dashboard of the queues is not loaded; its pages are not in the document.
 */
const file = join(import.meta.dirname, '../golden/openapi.json');
const isUpdate = process.env['UPDATE_GOLDEN'] === '1';

let redis: TestRedis;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());

test('the OpenAPI document is the committed one', async () => {
  const api = await startApi({
    REDIS_URL: redis.url,
    API_KEYS: `alice:${'a'.repeat(32)}`,
    METRICS_PUBLIC: 'true',
  });
  try {
    const answer = await fetch(`${api.url}/openapi.json`);
    expect(answer.status).toBe(200);
    const text = `${JSON.stringify(await answer.json(), null, 2)}\n`;
    if (isUpdate) await writeFile(file, text);
    expect(text).toBe(await readFile(file, 'utf8'));
  } finally {
    await api.close();
  }
});
