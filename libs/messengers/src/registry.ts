import type { DiscordSettings } from './discord/discord-settings.js';
import { discord } from './discord/discord.js';
import type { Platform } from './port.js';
import type { SlackSettings } from './slack/slack-settings.js';
import { slack } from './slack/slack.js';
import { telegram } from './telegram/telegram.js';
import type { TelegramSettings } from './telegram/telegram-settings.js';

/** The settings of the platforms that somebody set up. */
export interface MessengerSettings {
  readonly telegram?: TelegramSettings;
  readonly slack?: SlackSettings;
  readonly discord?: DiscordSettings;
}

/** Every platform that is set up. A new one is a folder and a line here. */
export function createPlatforms(settings: MessengerSettings): readonly Platform[] {
  return [
    settings.telegram && telegram(settings.telegram),
    settings.slack && slack(settings.slack),
    settings.discord && discord(settings.discord),
  ].filter((platform) => platform !== undefined);
}
