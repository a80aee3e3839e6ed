import type { Platform } from './port.js';
import { telegram } from './telegram/telegram.js';
import type { TelegramSettings } from './telegram/telegram-settings.js';

/** The settings of the platforms that somebody set up. */
export interface MessengerSettings {
  readonly telegram?: TelegramSettings;
}

/** Every platform that is set up. A new one is a folder and a line here. */
export function createPlatforms(settings: MessengerSettings): readonly Platform[] {
  return [settings.telegram && telegram(settings.telegram)].filter((platform) => platform !== undefined);
}
