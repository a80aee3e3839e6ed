import type { OnTrouble } from '../intake.js';

export interface DiscordSettings {
  readonly token: string;
  /** Another server that speaks Discord's API; absent: Discord's own. */
  readonly apiRoot?: string;
  readonly allowedUsers: readonly string[];
  /** Servers and channels. */
  readonly allowedChats: readonly string[];
  /** Told of failures of the intake. */
  readonly onTrouble?: OnTrouble;
}
