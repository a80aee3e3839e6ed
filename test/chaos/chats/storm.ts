import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFakeUpstream } from '../../support/fake-upstream.js';
import { startStack, type Service, type ServiceName, type Stack } from '../../support/stack.js';
import { PLACES, type Place, type Trouble } from './places.js';

export interface StormOptions {
  readonly platform: string;
  /** Each has one question. */
  readonly chats: number;
  /** kill -9 of messenger, worker, API and Redis in turn, so often; 0: nothing is broken. */
  readonly rounds: number;
  /** Words of an answer, 100 ms apart. */
  readonly words: number;
  readonly seed: number;
  readonly secondsMax: number;
}

export interface StormFigures {
  /** Chats that show the final text, and nothing but it, once. */
  readonly whole: number;
  /** What is wrong with the others. */
  readonly problems: readonly string[];
  readonly kills: number;
  readonly penalties: number;
  readonly troubles: number;
  readonly calls: number;
  readonly violations: readonly string[];
  /** From the last question to the last final text. */
  readonly seconds: number;
  /** Of a messenger at the end. */
  readonly megabytes: number;
  /** Answers by the time from their first token to their first text in the chat. */
  readonly firstTexts: string;
}

const KILLED: readonly ServiceName[] = ['messenger', 'worker', 'api'];
const PAUSE_BETWEEN_KILLS_MS = 2_000;
/** What would come a second time comes by then. */
const LATE_MS = 8_000;

/**
 * Asks in many chats at once, breaks everything meanwhile, and looks whether every chat ends with the final text once.
 * Rejects when the deployment cannot be started.
 */
export async function storm(options: StormOptions): Promise<StormFigures> {
  const open = PLACES[options.platform];
  if (!open) throw new Error(`there is no platform ${options.platform}`);
  const [place, upstream] = await Promise.all([open(), startFakeUpstream()]);
  let stack: Stack | undefined;
  try {
    const settings = `upstreams:
  - { name: fake, provider: openai, base_url: '${upstream.url}/v1' }
models:
  - { name: talaria, upstream: fake, model: 'ok:n=${options.words},gap=100' }
`;
    const env = { ...place.env, TOOLS: '' };
    stack = await startStack({ apis: 1, workers: 2, scheduler: true, env, settings });
    const messengers = [await stack.start('messenger'), await stack.start('messenger')];
    return await new Storm(options, place, stack, messengers).run();
  } finally {
    await stack?.stop();
    await Promise.all([place.stop(), upstream.stop()]);
  }
}

class Storm {
  private readonly crew: Map<ServiceName, Service[]>;
  private readonly random: () => number;
  private isOver = false;
  private kills = 0;
  private penalties = 0;
  private troubles = 0;

  constructor(
    private readonly options: StormOptions,
    private readonly place: Place,
    private readonly stack: Stack,
    messengers: Service[],
  ) {
    this.random = randomOf(options.seed);
    this.crew = new Map([
      ['messenger', messengers],
      ['worker', [...stack.workers]],
      ['api', [...stack.apis]],
    ]);
  }

  async run(): Promise<StormFigures> {
    const { chats, rounds, secondsMax } = this.options;
    const began = Date.now();
    for (let chat = 0; chat < chats; chat++) this.place.ask(chat);
    const faults = rounds > 0 ? Promise.all([this.kill(), this.vex()]) : Promise.resolve();
    while (this.wrong().length > 0 && Date.now() < began + secondsMax * 1_000) await sleep(100);
    const seconds = (Date.now() - began) / 1_000;
    this.isOver = true;
    await faults;
    await sleep(LATE_MS);
    const problems = this.wrong();
    const { kills, penalties, troubles, place } = this;
    const [messenger] = this.crew.get('messenger') ?? [];
    const more = messenger ? await figuresOf(messenger) : { megabytes: 0, firstTexts: '' };
    const { calls, violations } = place;
    return {
      whole: chats - problems.length,
      problems,
      kills,
      penalties,
      troubles,
      calls,
      violations,
      seconds,
      ...more,
    };
  }

  private wrong(): string[] {
    const final = new RegExp(`^(\\S+\\s+){${this.options.words - 1}}\\S+$`);
    const found: string[] = [];
    for (let chat = 0; chat < this.options.chats; chat++) {
      const shown = this.place.shownIn(chat);
      const [first] = shown;
      if (shown.length === 1 && first?.isOver && final.test(first.text)) continue;
      const words = shown.map(({ text }) => text.split(/\s+/).length).join(', ');
      found.push(`chat ${chat}: ${shown.length} messages of ${words} words`);
    }
    return found;
  }

  /** Each of the crew in turn, then Redis. A killed one comes back, as a supervisor would have it. */
  private async kill(): Promise<void> {
    for (let round = 0; round < this.options.rounds; round++) {
      for (const name of KILLED) {
        await sleep(PAUSE_BETWEEN_KILLS_MS);
        const crew = this.crew.get(name) ?? [];
        const victim = crew.shift();
        await victim?.kill('SIGKILL');
        crew.push(await this.stack.start(name));
        this.kills++;
      }
      await sleep(PAUSE_BETWEEN_KILLS_MS);
      await this.stack.redis.restart(500);
      this.kills++;
    }
  }

  /** Penalties, connections cut before and after a call took effect, servers that fail and did as they were told. */
  private async vex(): Promise<void> {
    const kinds: readonly Trouble[] = ['cut-before', 'cut-after', 'status-502'];
    this.place.trouble(() => {
      if (this.isOver || this.random() > 0.03) return undefined;
      this.troubles++;
      return kinds[Math.floor(this.random() * kinds.length)];
    });
    while (!this.isOver) {
      await sleep(400);
      this.place.penalise(Math.floor(this.random() * this.options.chats), 1 + Math.floor(this.random() * 20));
      this.penalties++;
    }
  }
}

/** The same numbers for the same seed, from 0 to 1. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What a messenger says of itself. */
export async function figuresOf({ url, pid }: Service): Promise<{ megabytes: number; firstTexts: string }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const name = 'talaria_messenger_first_text_seconds';
  const valueOf = (pattern: string): string => new RegExp(`^${name}_${pattern} (\\d+)`, 'm').exec(metrics)?.[1] ?? '0';
  const soon = valueOf('bucket\\{[^}]*le="1"[^}]*\\}');
  const count = valueOf('count(?:\\{[^}]*\\})?');
  return { megabytes: Math.round(kilobytes / 1_024), firstTexts: `${soon} of ${count} within 1 s` };
}
