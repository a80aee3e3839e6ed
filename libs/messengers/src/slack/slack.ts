import { WebClient } from '@slack/web-api';
import type { JsonObject } from '#libs/contract';
import { lazily, untilAborted } from '../intake.js';
import type { Inlet, Platform } from '../port.js';
import { slackCapabilities } from './capabilities.js';
import { postStep, type SlackCalls, type SlackSelf } from './post-step.js';
import { readPayload, type Hearing } from './read-event.js';
import { SILENT } from './silent.js';
import type { SlackSettings } from './slack-settings.js';
import { listenOnSocket } from './socket.js';

const CALL_MS_MAX = 15_000;

/** Slack, by its own client, which makes one call and no second one. */
export function slack(settings: SlackSettings): Platform {
  const { token, appToken, apiRoot } = settings;
  const root = apiRoot === undefined ? {} : { slackApiUrl: `${apiRoot}/` };
  const once = { retryConfig: { retries: 0 }, rejectRateLimitedCalls: true, timeout: CALL_MS_MAX };
  const web = new WebClient(token, { ...root, ...once, logger: SILENT });
  const self = lazily(() => whoAmI(web));
  const fileHosts = new Set(['files.slack.com', ...(apiRoot === undefined ? [] : [new URL(apiRoot).host])]);
  const calls: SlackCalls = { web, token, fileHosts, self };
  const hearing = async (): Promise<Hearing> => ({
    botUser: (await self()).user,
    users: new Set(settings.allowedUsers),
    chats: new Set(settings.allowedChats),
    threads: settings.threads,
  });
  const take = async (payload: unknown, inlet: Inlet): Promise<void> => {
    const heard = readPayload(payload, await hearing());
    if (heard) await inlet.take(heard.id, heard.inbound, heard.stranger);
  };
  return {
    name: 'slack',
    capabilities: slackCapabilities(settings),
    async receive(inlet, signal, pushed) {
      if (pushed !== undefined) return takePushed(pushed, (payload) => take(payload, inlet));
      if (appToken === undefined) await untilAborted(signal);
      else await listenOnSocket({ appToken, root, onTrouble: settings.onTrouble }, (one) => take(one, inlet), signal);
      return undefined;
    },
    post: (step, signal) => postStep(calls, step, signal),
  };
}

/** Slack asks once whether an address is ours; a button comes as a form with JSON in it. */
async function takePushed(body: string, take: (payload: unknown) => Promise<void>): Promise<JsonObject | undefined> {
  const payload = readBody(body) as { readonly type?: unknown; readonly challenge?: unknown } | undefined;
  if (payload?.type === 'url_verification') return { challenge: String(payload.challenge) };
  await take(payload);
  return undefined;
}

function readBody(body: string): unknown {
  try {
    return JSON.parse(body.startsWith('{') ? body : (new URLSearchParams(body).get('payload') ?? ''));
  } catch {
    return undefined;
  }
}

async function whoAmI(web: WebClient): Promise<SlackSelf> {
  const { user_id: user = '', team_id: team = '' } = await web.auth.test();
  return { user, team };
}
