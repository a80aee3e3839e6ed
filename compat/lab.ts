import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startFakeUpstream, type FakeUpstream } from '../test/support/fake-upstream.js';
import { startStack } from '../test/support/stack.js';
import { gateTo, type Passed } from './gate.js';
import { teach } from './scripted-model.js';

/** What a client is told about the gateway that it is to use. */
export interface Whereabouts {
  /** The address of the gateway, without `/v1`; behind a gate that cuts what is silent for too long. */
  readonly url: string;
  readonly key: string;
  /** Keys that may have one run at a time. */
  readonly narrowKeys: readonly string[];
  /**
   * `GET <seenUrl>?model=<name>`: the requests for this model that the upstream got; `?key=<key>`: what passed the gate
   * with this key.
   */
  readonly seenUrl: string;
  /** A model's pause before its first word that is long for the gate. */
  readonly silenceMs: number;
}

export interface CompatLab extends Whereabouts {
  stop(): Promise<void>;
}

const KEY = 'sk-compat-0123456789abcdef-0123456789';
const NARROW_KEYS = Array.from({ length: 12 }, (_, i) => `${KEY}-narrow-${i}`);
/** How often the gateway gives a sign of life, and how long the gate waits for one, in milliseconds. */
const KEEPALIVE_MS = 250;
const SILENCE_MS_MAX = 5_000;
const MODEL_SILENCE_MS = 10_000;

/** The gateway as processes of their own, with the scripted model behind it. */
export async function startLab(): Promise<CompatLab> {
  const upstream = await startFakeUpstream();
  teach(upstream);
  const stack = await startStack({
    env: {
      API_KEYS: `compat:${KEY}`,
      MODELS_UNKNOWN: 'passthrough',
      SSE_KEEPALIVE_MS: String(KEEPALIVE_MS),
      UPSTREAM_RETRIES: '0',
    },
    settings: settingsFor(upstream),
  }).catch(async (error: unknown) => {
    await upstream.stop();
    throw error;
  });
  const gate = gateTo(stack.apis[0]?.url ?? '', SILENCE_MS_MAX);
  const seen = seenServer(upstream, gate.passed);
  await Promise.all([listening(gate.server), listening(seen)]);
  return {
    url: urlOf(gate.server),
    key: KEY,
    narrowKeys: NARROW_KEYS,
    seenUrl: urlOf(seen),
    silenceMs: MODEL_SILENCE_MS,
    async stop() {
      for (const server of [seen, gate.server]) {
        server.close();
        server.closeAllConnections();
      }
      await stack.stop();
      await upstream.stop();
    },
  };
}

/** Names that coding agents know, and treat otherwise than names that they do not know. */
const KNOWN_NAMES = ['gpt-6.1-sol', 'claude-sonnet-5'];

function settingsFor({ url }: FakeUpstream): string {
  const models = KNOWN_NAMES.map((name) => `  - { name: ${name}, upstream: scripted, model: 'answer:name=coder' }`);
  const keys = NARROW_KEYS.map((key, i) => `    - { name: narrow-${i}, key: ${key}, max_in_flight: 1 }`);
  return `
auth:
  keys:
${keys.join('\n')}
upstreams:
  - { name: scripted, provider: openai, base_url: '${url}/v1' }
models:
${models.join('\n')}
agent: { tools: [current_time] }
`;
}

const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

function seenServer(upstream: FakeUpstream, passed: readonly Passed[]): Server {
  return createServer(({ url = '' }, response) => {
    const { searchParams } = new URL(url, 'http://127.0.0.1');
    const model = searchParams.get('model');
    const list =
      model === null
        ? passed.filter(({ key }) => key === searchParams.get('key'))
        : upstream.requests
            .filter(({ body }) => body['model'] === model)
            .map(({ body, aborted, answered }) => ({ body, answered, isAborted: aborted !== undefined }));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(list));
  });
}

const listening = (server: Server): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve());
  });
