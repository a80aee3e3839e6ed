import {
  GatewayError,
  LIMITS,
  type ChatDelivery,
  type ChatDesk,
  type ChatWatch,
  type PlatformService,
} from '#libs/contract';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Absence, BegunRun, DeliveryOutcome, DeliveryTarget, Parcel } from './target.js';

/** The ports for deliveries to chats: the chats' inboxes, and the outcome of their entries. */
export type ChatPost = Pick<ChatDesk, 'put' | 'outcome' | 'home' | 'served'>;

/** Longest wait until a result is posted. The next attempt asks about a result that is not posted by then. */
const POST_MS_MAX = 20_000;
const LOOK_EVERY_MS = 250;
/** About the length of an answer in a chat. The rest is left out and can be read in the job's history. */
const TEXT_CHARS_MAX = 80_000;

/** A chat platform, as targets name it. */
export interface ChatPlace {
  /** The scheme. */
  readonly platform: string;
  /** An id of a chat, for messages. */
  readonly example: string;
  /** An id of a chat, and perhaps of a thread behind a colon. */
  readonly pattern: RegExp;
}

export const CHAT_PLACES: readonly ChatPlace[] = [
  { platform: 'telegram', example: '-1001234567890', pattern: /^-?\d{1,20}(:\d{1,20})?$/ },
  { platform: 'slack', example: 'C0123456789', pattern: /^[CDG][A-Z0-9]{1,20}(:\d{1,20}\.\d{1,10})?$/ },
  { platform: 'discord', example: '222222222222222222', pattern: /^\d{1,20}$/ },
];

/**
 * Passes results to the messenger and waits until they are posted. A result is put into the chat's inbox once for all
 * attempts, and the messenger posts it once. So an attempt is repeated without posting anything twice.
 *
 * @param place `telegram:<chat>`, `telegram:<chat>:<topic>`, or `telegram` for the key's home chat.
 * @param post absent: only addresses are checked.
 */
export function chat({ platform, example, pattern }: ChatPlace, post: ChatPost | undefined): DeliveryTarget {
  return {
    scheme: platform,
    example: `${platform}:${example}`,
    problemOf: (address) =>
      address === '' || pattern.test(address)
        ? undefined
        : 'needs the id of a chat, and perhaps of a thread behind a colon; or nothing, for the home chat of /sethome',
    async absence() {
      return post && absenceOf(platform, await post.served(platform));
    },
    async watch(begun) {
      if (post) await watch(platform, post, begun);
    },
    async deliver(parcel) {
      if (!post) return later('no messenger is set up');
      try {
        return await deliver(platform, post, parcel);
      } catch (cause) {
        if (cause instanceof GatewayError) return later('the chats cannot be reached');
        throw cause;
      }
    },
  };
}

function absenceOf(platform: string, service: PlatformService): Absence | undefined {
  if (service === 'now') return undefined;
  if (service === 'before') {
    return { why: `no messenger with a bot for ${platform} is running; results wait for it`, isSetUp: true };
  }
  return { why: `this gateway has no bot for ${platform}, or its messenger has never run`, isSetUp: false };
}

async function deliver(platform: string, post: ChatPost, parcel: Parcel): Promise<DeliveryOutcome> {
  const { job, address, messageId, signal } = parcel;
  const home = address === '' ? await post.home(job.owner, platform) : address;
  if (home === undefined) return later('the key has no home chat; send /sethome in one');
  const [id = '', thread = ''] = home.split(':');
  const entry: ChatDelivery = { kind: 'delivery', entryId: messageId, owner: job.owner, thread, text: textOf(parcel) };
  const known = await post.put(`${platform}:${id}`, messageId, JSON.stringify(entry));
  if (known === 'full') return later('too much waits in the chat');
  // Nobody is there who could post it meanwhile: the next attempt asks.
  const absence = absenceOf(platform, await post.served(platform));
  for (let waited = 0; waited < POST_MS_MAX; waited += LOOK_EVERY_MS) {
    const outcome = await post.outcome(messageId);
    if (outcome?.kind === 'delivered') return { kind: 'delivered' };
    if (outcome) return { kind: 'failed', why: outcome.why, final: true };
    if (absence) return later(absence.why);
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
  return later('it is not posted yet');
}

/** Where the key has no home chat, nobody is asked: the approvals of the API are there all the same. */
async function watch(platform: string, post: ChatPost, { owner, runId, address }: BegunRun): Promise<void> {
  const home = address === '' ? await post.home(owner, platform) : address;
  if (home === undefined) return;
  const [id = '', thread = ''] = home.split(':');
  const entry: ChatWatch = { kind: 'watch', entryId: `watch ${runId} ${platform}:${home}`, owner, thread, runId };
  await post.put(`${platform}:${id}`, entry.entryId, JSON.stringify(entry));
}

function textOf({ job, run }: Parcel): string {
  const said = run.status === 'completed' ? (run.output ?? '') : `The job failed: ${run.error?.message ?? run.status}`;
  const text = `**${job.name.replaceAll('*', '')}**\n\n${said}`;
  const max = Math.min(TEXT_CHARS_MAX, LIMITS.chatEntryBytesMax / BYTES_OF_CHAR_MAX);
  return text.length > max ? `${text.slice(0, max).replace(/[\uD800-\uDBFF]$/, '')}\n\n[The result is longer]` : text;
}

/** As JSON: `\u0000` */
const BYTES_OF_CHAR_MAX = 6;

const later = (why: string): DeliveryOutcome => ({ kind: 'failed', why, final: false });
