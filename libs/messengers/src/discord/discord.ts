import { REST } from '@discordjs/rest';
import { Routes, type APIUser } from 'discord-api-types/v10';
import { lazily } from '../intake.js';
import type { Platform } from '../port.js';
import { discordCapabilities } from './capabilities.js';
import type { DiscordSettings } from './discord-settings.js';
import { listenToGateway } from './gateway.js';
import { postStep, type DiscordCalls } from './post-step.js';
import { readEvent, type Hearing } from './read-event.js';

const CALL_MS_MAX = 15_000;
const FILE_HOSTS = ['cdn.discordapp.com', 'media.discordapp.net'];

/** Discord, by the REST and gateway clients of discord.js. One call is one request: what fails is told. */
export function discord(settings: DiscordSettings): Platform {
  const { token, apiRoot, onTrouble } = settings;
  const root = apiRoot === undefined ? {} : { api: apiRoot };
  const rest = new REST({ ...root, version: '10', retries: 0, timeout: CALL_MS_MAX, rejectOnRateLimit: () => true });
  rest.setToken(token);
  const self = lazily(async () => {
    // The client forgets its token after one 401.
    rest.setToken(token);
    const { id } = (await rest.get(Routes.user('@me'))) as Partial<APIUser>;
    // Without it, every message that answers nobody would look like an answer to the bot.
    if (typeof id !== 'string') throw new Error('Discord did not tell who the bot is');
    return id;
  });
  const fileHosts = new Set([...FILE_HOSTS, ...(apiRoot === undefined ? [] : [new URL(apiRoot).host])]);
  const calls: DiscordCalls = { rest, token, fileHosts, self };
  const hearing = async (): Promise<Hearing> => ({
    botId: await self(),
    users: new Set(settings.allowedUsers),
    chats: new Set(settings.allowedChats),
  });
  return {
    name: 'discord',
    capabilities: discordCapabilities(settings),
    async receive(inlet, signal) {
      const take = async (event: Parameters<typeof readEvent>[0]): Promise<boolean> => {
        const heard = readEvent(event, await hearing());
        if (heard) await inlet.take(heard.id, heard.inbound, heard.stranger);
        return heard?.inbound !== undefined;
      };
      await listenToGateway({ token, rest, onTrouble }, { take, inlet }, signal);
      return undefined;
    },
    post: (step, signal) => postStep(calls, step, signal),
  };
}
