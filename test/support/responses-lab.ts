import OpenAI from 'openai';
import { startFakeUpstream, type FakeUpstream } from './fake-upstream.js';
import { startPostgres, type TestPostgres } from './postgres.js';
import { startStack, type Stack } from './stack.js';
import { until } from './until.js';

export const ALICE = 'alice-key-0123456789';
export const BOB = 'bob-key-0123456789abc';
/** What Alice sends with a JSON body. */
export const headers = { authorization: `Bearer ${ALICE}`, 'content-type': 'application/json' };

/** Real services with two API replicas, Postgres and a scripted model server, and two clients: Alice and Bob. */
export class ResponsesLab {
  private constructor(
    readonly upstream: FakeUpstream,
    readonly stack: Stack,
    private readonly postgres: TestPostgres,
  ) {}

  static async start(workers: number): Promise<ResponsesLab> {
    const [upstream, postgres] = await Promise.all([startFakeUpstream(), startPostgres()]);
    const env = {
      OPENAI_BASE_URL: `${upstream.url}/v1`,
      OPENAI_API_KEY: 'sk-upstream-secret-123',
      OPENAI_MODEL: 'ok',
      MODELS_UNKNOWN: 'passthrough',
      API_KEYS: `alice:${ALICE},bob:${BOB}`,
      UPSTREAM_RETRIES: '0',
      TOOLS: '',
      DATABASE_URL: await postgres.createDatabase(),
    };
    const lab = new ResponsesLab(upstream, await startStack({ apis: 2, workers, env }), postgres);
    // The store loads what conversations need when the first is made; on a busy machine longer than an API waits.
    await until(async () => (await fetch(lab.url('/v1/conversations'), { method: 'POST', headers, body: '{}' })).ok);
    return lab;
  }

  url(path: string, replica = 0): string {
    return `${this.stack.apis[replica]?.url}${path}`;
  }

  sdk(replica = 0, apiKey = ALICE): OpenAI {
    return new OpenAI({ baseURL: this.url('/v1', replica), apiKey, maxRetries: 0 });
  }

  async stop(): Promise<void> {
    await this.stack.stop();
    await this.postgres.stop();
    await this.upstream.stop();
  }
}

/** The error that a promise is rejected with; rejects when it is not. */
export const rejected = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => {
      throw new Error('it was not refused');
    },
    (cause: unknown) => cause,
  );
