import OpenAI from 'openai';
import { startFakeUpstream, type FakeUpstream } from './fake-upstream.js';
import { startPostgres, type TestPostgres } from './postgres.js';
import { startStack, type Stack } from './stack.js';
import { until } from './until.js';

export const ALICE = 'alice-key-0123456789';
export const BOB = 'bob-key-0123456789abc';
/** Hers is what the lab does before the tests. */
const CAROL = 'carol-key-0123456789';
/** The headers of Alice for a JSON body. */
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
      API_KEYS: `alice:${ALICE},bob:${BOB},carol:${CAROL}`,
      UPSTREAM_RETRIES: '0',
      TOOLS: '',
      DATABASE_URL: await postgres.createDatabase(),
    };
    const lab = new ResponsesLab(upstream, await startStack({ apis: 2, workers, env }), postgres);
    await lab.warmUp();
    return lab;
  }

  /**
   * The store loads what conversations need when there is one: on a busy machine that takes longer than an API waits
   * for it.
   */
  private async warmUp(): Promise<void> {
    const carol = this.sdk(0, CAROL);
    const { id: conversation } = await answered(() => carol.conversations.create());
    await answered(() => carol.responses.create({ model: 'ok:n=1', input: 'Hello', conversation }));
    await until(async () => (await answered(() => carol.conversations.items.list(conversation))).data.length >= 2);
    this.upstream.reset();
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

/** The result of a call, repeated until the call is not refused. */
const answered = <T>(call: () => Promise<T>): Promise<T> => until(() => call().catch(() => undefined));

/** The error that a promise is rejected with; rejects when it is not. */
export const rejected = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => {
      throw new Error('it was not refused');
    },
    (cause: unknown) => cause,
  );
