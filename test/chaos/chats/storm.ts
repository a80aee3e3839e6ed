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
  /** Of the others: with more messages than one, with none, with one that is not the final text. */
  readonly doubled: number;
  readonly lost: number;
  readonly unfinished: number;
  /** What is wrong with the others. */
  readonly problems: readonly string[];
  readonly kills: number;
  readonly penalties: number;
  readonly troubles: number;
  readonly calls: number;
  readonly violations: readonly string[];
  /** From the last question to the last final text. */
  readonly seconds: number;
  /** Of the largest messenger at the end. */
  readonly megabytes: number;
  /** Answers by the time from their first token to their first text in the chat, of the messengers that live. */
  readonly firstTexts: FirstTexts;
}

export interface FirstTexts {
  readonly inTime: number;
  readonly all: number;
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
    const env = { ...place.env, TOOLS: '', METRICS_PUBLIC: 'true' };
    stack = await startStack({ apis: 1, workers: 2, scheduler: true, env, settings });
    const messengers = [await stack.start('messenger'), await stack.start('messenger')];
    return await new Storm(options, place, stack, messengers).run();
  } finally {
    await stack?.stop();
    await Promise.all([place.stop(), upstream.stop()]);
  }
}

interface Problem {
  readonly kind: 'doubled' | 'lost' | 'unfinished';
  readonly words: string;
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
    let failure: unknown;
    const faults = (rounds > 0 ? Promise.all([this.kill(), this.vex()]) : Promise.resolve()).catch((cause: unknown) => {
      failure = cause;
      this.isOver = true;
    });
    while (!this.isOver && this.wrong().length > 0 && Date.now() < began + secondsMax * 1_000) await sleep(100);
    const seconds = (Date.now() - began) / 1_000;
    this.isOver = true;
    await faults;
    if (failure !== undefined) throw new Error('the deployment could not be broken as it should', { cause: failure });
    await sleep(LATE_MS);
    const problems = this.wrong();
    const { kills, penalties, troubles, place } = this;
    const { calls, violations } = place;
    const count = (kind: Problem['kind']): number => problems.filter((one) => one.kind === kind).length;
    return {
      whole: chats - problems.length,
      doubled: count('doubled'),
      lost: count('lost'),
      unfinished: count('unfinished'),
      problems: problems.map(({ words }) => words),
      kills,
      penalties,
      troubles,
      calls,
      violations,
      seconds,
      ...(await figuresOfAll(this.crew.get('messenger') ?? [])),
    };
  }

  private wrong(): Problem[] {
    const final = new RegExp(`^(\\S+\\s+){${this.options.words - 1}}\\S+$`);
    const found: Problem[] = [];
    for (let chat = 0; chat < this.options.chats; chat++) {
      const shown = this.place.shownIn(chat);
      const [first] = shown;
      if (shown.length === 1 && first?.isOver && final.test(first.text)) continue;
      const kind = shown.length === 0 ? 'lost' : shown.length > 1 ? 'doubled' : 'unfinished';
      const words = shown.map(({ text }) => text.split(/\s+/).length).join(', ');
      found.push({ kind, words: `chat ${chat}: ${shown.length} messages of ${words} words` });
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

/** What messengers say of themselves, together. One that died says nothing. */
export async function figuresOfAll(
  messengers: readonly Service[],
): Promise<{ megabytes: number; firstTexts: FirstTexts }> {
  const all = await Promise.all(messengers.map((one) => figuresOf(one).catch(() => NOTHING)));
  const sum = (of: (one: Figures) => number): number => all.reduce((total, one) => total + of(one), 0);
  const firstTexts = { inTime: sum(({ inTime }) => inTime), all: sum((one) => one.all) };
  return { megabytes: Math.max(0, ...all.map(({ megabytes }) => megabytes)), firstTexts };
}

interface Figures extends FirstTexts {
  readonly megabytes: number;
}

const NOTHING: Figures = { megabytes: 0, inTime: 0, all: 0 };

/** What a messenger says of itself. */
export async function figuresOf({ url, pid }: Service): Promise<Figures> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const valueOf = (pattern: string): number =>
    Number(new RegExp(`^talaria_messenger_first_text_seconds_${pattern} (\\d+)`, 'm').exec(metrics)?.[1] ?? 0);
  const inTime = valueOf('bucket\\{[^}]*le="1"[^}]*\\}');
  return { megabytes: Math.round(kilobytes / 1_024), inTime, all: valueOf('count(?:\\{[^}]*\\})?') };
}
