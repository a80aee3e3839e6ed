import type { Logger } from '@slack/logger';
import { LogLevel } from '@slack/web-api';

const nothing = (): void => undefined;

/** Slack's clients write requests and tokens' answers to the console unless they are told not to. */
export const SILENT: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  setLevel: nothing,
  getLevel: () => LogLevel.ERROR,
  setName: nothing,
};
