export interface DiscordSettings {
  readonly token: string;
  /** Another server that speaks Discord's API; absent: Discord's own. */
  readonly apiRoot?: string;
  readonly allowedUsers: readonly string[];
  /** Servers and channels. */
  readonly allowedChats: readonly string[];
  /** Told of failures of the intake: `why` never has the token in it. */
  onTrouble?(why: string): void;
}
