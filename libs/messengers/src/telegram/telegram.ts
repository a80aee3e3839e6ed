import type { Update } from '@grammyjs/types';
import { Api } from 'grammy';
import { backOff, lazily, rest, tellTrouble, untilAborted } from '../intake.js';
import type { Platform, Sink } from '../port.js';
import { asSignal } from './as-signal.js';
import { telegramCapabilities } from './capabilities.js';
import { postStep, type TelegramCalls } from './post-step.js';
import { readOutcome } from './read-outcome.js';
import { readUpdate, strangerIn, UPDATES, type Hearing } from './read-update.js';
import type { TelegramSettings } from './telegram-settings.js';

/** For a call; of one that asks for updates, its own wait comes on top. */
const CALL_SECONDS_MAX = 15;
const POLL_SECONDS = 25;
const PAUSE_MS_MIN = 1_000;

/** Telegram, by grammY's client. One bot; the intake is one process at a time, everything else any number. */
export function telegram(settings: TelegramSettings): Platform {
  const { token, apiRoot, webhook } = settings;
  const root = apiRoot?.replace(/\/+$/, '');
  const options = { ...(root !== undefined && { apiRoot: root }) };
  const api = new Api(token, { ...options, timeoutSeconds: CALL_SECONDS_MAX });
  const poll = new Api(token, { ...options, timeoutSeconds: POLL_SECONDS + CALL_SECONDS_MAX });
  const calls: TelegramCalls = { raw: api.raw, fileUrl: (path) => `${root ?? TELEGRAM}/file/bot${token}/${path}` };
  const hearing = lazily(() => hearingOf(api, settings));
  return {
    name: 'telegram',
    capabilities: telegramCapabilities(settings),
    async receive({ take }, signal, pushed) {
      if (pushed !== undefined) await takeAll(readPushed(pushed), take, await hearing());
      else await intake({ poll, settings, hearing, webhook }, take, signal);
      return undefined;
    },
    post: (step, signal) => postStep(calls, step, signal),
  };
}

const TELEGRAM = 'https://api.telegram.org';

interface Intake {
  readonly poll: Api;
  readonly settings: TelegramSettings;
  readonly webhook: TelegramSettings['webhook'];
  hearing(): Promise<Hearing>;
}

/**
 * Asks for updates until the signal aborts; with a webhook it only says where they are to be brought. An update counts
 * as received when it is safe (Telegram forgets it with the next question), so none is lost, and some come twice.
 */
async function intake(from: Intake, sink: Sink, signal: AbortSignal): Promise<void> {
  const pauses = backOff(PAUSE_MS_MIN);
  let offset: number | undefined;
  let isReady = false;
  while (!signal.aborted) {
    try {
      isReady = isReady || (await prepare(from, signal));
      if (from.webhook) return await untilAborted(signal);
      const updates = await ask(from.poll, offset, signal);
      await takeAll(updates, sink, await from.hearing());
      offset = (updates.at(-1)?.update_id ?? (offset ?? 0) - 1) + 1 || undefined;
      pauses.reset();
    } catch (cause) {
      if (signal.aborted) return;
      const outcome = readOutcome(cause);
      tellTrouble(from.settings.onTrouble, outcome);
      await rest(outcome.kind === 'wait' ? outcome.ms : pauses.next(), signal);
    }
  }
}

async function prepare({ poll, webhook }: Intake, signal: AbortSignal): Promise<true> {
  const allowed_updates = [...UPDATES];
  const given = { url: webhook?.url ?? '', secret_token: webhook?.secret ?? '', allowed_updates };
  if (webhook) await poll.raw.setWebhook(given, asSignal(signal));
  else await poll.raw.deleteWebhook({}, asSignal(signal));
  return true;
}

function ask(poll: Api, offset: number | undefined, signal: AbortSignal): Promise<Update[]> {
  const given = { timeout: POLL_SECONDS, allowed_updates: [...UPDATES], ...(offset !== undefined && { offset }) };
  return poll.raw.getUpdates(given, asSignal(signal));
}

/** The body of a webhook; what is no update is none. */
function readPushed(body: string): readonly Update[] {
  try {
    return [JSON.parse(body) as Update];
  } catch {
    return [];
  }
}

/** Gives updates on in their order. Rejects when one of them is not safe. */
async function takeAll(updates: readonly Update[], sink: Sink, hearing: Hearing): Promise<void> {
  for (const update of updates) {
    if (typeof update?.update_id !== 'number') continue;
    await sink(`telegram ${update.update_id}`, readUpdate(update, hearing), strangerIn(update, hearing));
  }
}

async function hearingOf(api: Api, { allowedUsers, allowedChats }: TelegramSettings): Promise<Hearing> {
  const { id, username } = await api.getMe();
  return { botId: id, botName: username, users: new Set(allowedUsers), chats: new Set(allowedChats) };
}
