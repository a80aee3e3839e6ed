import { FakeDiscord } from '../../support/chats/fake-discord.js';
import { FakeSlack } from '../../support/chats/fake-slack.js';
import { FakeTelegram } from '../../support/chats/fake-telegram.js';

export type Trouble = 'cut-before' | 'cut-after' | 'status-502';

/** A fake platform, as a storm uses it: chats are numbers from 0. */
export interface Place {
  readonly env: Readonly<Record<string, string>>;
  ask(chat: number): void;
  /** What the bot has in a chat now. */
  shownIn(chat: number): readonly { readonly text: string; readonly isOver: boolean }[];
  penalise(chat: number, seconds: number): void;
  /** Asked before each call that changes something. */
  trouble(give: () => Trouble | undefined): void;
  readonly violations: readonly string[];
  readonly calls: number;
  stop(): Promise<void>;
}

export const PLACES: Readonly<Record<string, () => Promise<Place>>> = { telegram, slack, discord, all };

/** The three at once, with a third of the chats each. */
async function all(): Promise<Place> {
  const places = await Promise.all([telegram(), slack(), discord()]);
  const [first] = places;
  const of = (chat: number): Place => places[chat % places.length] ?? first;
  return {
    env: Object.assign({}, ...places.map(({ env }) => env)) as Place['env'],
    ask: (chat) => of(chat).ask(chat),
    shownIn: (chat) => of(chat).shownIn(chat),
    penalise: (chat, seconds) => of(chat).penalise(chat, seconds),
    trouble: (give) => places.forEach((place) => place.trouble(give)),
    get violations() {
      return places.flatMap(({ violations }) => violations);
    },
    get calls() {
      return places.reduce((sum, { calls }) => sum + calls, 0);
    },
    async stop() {
      await Promise.all(places.map((place) => place.stop()));
    },
  };
}

const mishapOf = (trouble: Trouble | undefined) =>
  trouble === undefined
    ? undefined
    : trouble === 'status-502'
      ? ({ kind: 'status', status: 502, description: 'Bad Gateway', after: true } as const)
      : ({ kind: trouble } as const);

async function telegram(): Promise<Place> {
  const fake = new FakeTelegram();
  const root = await fake.start();
  const idOf = (chat: number): number => 10_000 + chat;
  return {
    env: {
      TELEGRAM_BOT_TOKEN: '123456:abcdefghijklmnop',
      TELEGRAM_API_ROOT: root,
      TELEGRAM_ALLOWED_USERS: '7',
    },
    ask: (chat) => void fake.say(idOf(chat), 'hello'),
    shownIn: (chat) => fake.of(idOf(chat)).map(({ text }) => ({ text, isOver: true })),
    penalise: (chat, seconds) => fake.penalise(idOf(chat), seconds),
    trouble: (give) =>
      void (fake.mishap = ({ method }) => (/^(send|edit|delete)Message/.test(method) ? mishapOf(give()) : undefined)),
    get violations() {
      return fake.violations;
    },
    get calls() {
      return fake.calls.length;
    },
    stop: () => fake.stop(),
  };
}

async function slack(): Promise<Place> {
  const fake = new FakeSlack();
  const root = await fake.start();
  const idOf = (chat: number): string => `D${10_000 + chat}`;
  return {
    env: {
      SLACK_BOT_TOKEN: 'xoxb-0123456789-test',
      SLACK_APP_TOKEN: 'xapp-0123456789-test',
      SLACK_API_ROOT: root,
      SLACK_ALLOWED_USERS: 'U7',
    },
    // A thread, so that answers grow.
    ask: (chat) => void fake.say(idOf(chat), 'hello', { thread: '1.000001' }),
    shownIn: (chat) => fake.of(idOf(chat)).map(({ text, grows }) => ({ text, isOver: !grows })),
    penalise: (_chat, seconds) => fake.limits.hold('chat.update', seconds),
    trouble: (give) => void (fake.mishap = ({ method }) => (/^chat\./.test(method) ? mishapOf(give()) : undefined)),
    violations: fake.limits.violations,
    get calls() {
      return fake.calls.length;
    },
    stop: () => fake.stop(),
  };
}

async function discord(): Promise<Place> {
  const fake = new FakeDiscord();
  const root = await fake.start();
  const idOf = (chat: number): string => String(10_000 + chat);
  return {
    env: { DISCORD_BOT_TOKEN: 'token-of-a-bot-in-tests', DISCORD_API_ROOT: root, DISCORD_ALLOWED_USERS: '7' },
    ask: (chat) => void fake.say(idOf(chat), 'hello'),
    shownIn: (chat) => fake.of(idOf(chat)).map(({ text }) => ({ text, isOver: true })),
    penalise: (chat, seconds) => fake.limits.hold(`POST in ${idOf(chat)}`, seconds),
    trouble: (give) =>
      void (fake.mishap = ({ route }) =>
        /^(POST|PATCH) .channels.*messages/.test(route) ? mishapOf(give()) : undefined),
    violations: fake.limits.violations,
    get calls() {
      return fake.calls.length;
    },
    stop: () => fake.stop(),
  };
}
