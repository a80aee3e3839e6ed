import { GatewayError, JOB_LIMITS } from '#libs/contract';
import { openGuard, openResolver } from '#libs/guarded-fetch';
import { chat, CHAT_PLACES, type ChatPost } from './chat.js';
import { local } from './local.js';
import type { DeliveryTarget } from './target.js';
import { webhook } from './webhook.js';

export interface DeliverySettings {
  /** `whsec_` and base64, or base64 alone; absent: webhooks are refused. */
  readonly webhookSecret?: string;
  /** Host names, addresses and CIDR blocks that webhooks may reach although they are private. */
  readonly webhookAllowedHosts: readonly string[];
}

/**
 * All kinds of places where results can go. A new kind is a folder and a line here. Throws when a setting is malformed.
 * @param chats absent where addresses are checked and nothing is delivered.
 */
export function createTargets(
  { webhookSecret, webhookAllowedHosts }: DeliverySettings,
  chats?: ChatPost,
): readonly DeliveryTarget[] {
  const guard = openGuard({ allowedHosts: webhookAllowedHosts, resolve: openResolver() });
  const secret = webhookSecret === undefined ? {} : { secret: webhookSecret };
  return [local, webhook({ guard, ...secret }), ...CHAT_PLACES.map((place) => chat(place, chats))];
}

/** Splits a target: `webhook:https://x` has the scheme `webhook` and the address `https://x`. */
export function splitTarget(target: string): { readonly scheme: string; readonly address: string } {
  const colon = target.indexOf(':');
  return colon < 0
    ? { scheme: target, address: '' }
    : { scheme: target.slice(0, colon), address: target.slice(colon + 1) };
}

/**
 * Reads `deliver`: one target, a comma-separated list of them, or an array, without repetitions. Throws GatewayError
 * `invalid_request` that names the wrong target and the existing ones.
 */
export function parseDeliver(value: string | readonly unknown[], targets: readonly DeliveryTarget[]): string[] {
  const isText = typeof value === 'string';
  const words = isText ? value.split(',') : value;
  const found: string[] = [];
  for (const [i, word] of words.entries()) {
    const param = isText ? 'deliver' : `deliver[${i}]`;
    if (typeof word !== 'string') throw refuse(`'${param}' must be a string.`, param);
    const target = word.trim();
    if (target === '' || found.includes(target)) continue;
    check(target, targets, param);
    found.push(target);
  }
  if (found.length === 0) throw refuse("'deliver' must name a target.");
  if (found.length > JOB_LIMITS.targetsMax)
    throw refuse(`'deliver' must have at most ${JOB_LIMITS.targetsMax} targets.`);
  return found;
}

/**
 * Refuses targets that nobody has ever looked after: a result for them would wait for ever, and its owner with it.
 * Throws GatewayError `invalid_request` that says what is missing, and `queue_unavailable`.
 * @param found what `parseDeliver` gave.
 */
export async function assertSetUp(found: readonly string[], targets: readonly DeliveryTarget[]): Promise<void> {
  for (const scheme of new Set(found.map((target) => splitTarget(target).scheme))) {
    const absence = await targets.find((one) => one.scheme === scheme)?.absence?.();
    if (absence && !absence.isSetUp) {
      throw refuse(`'deliver' names the target ${scheme}, but ${absence.why}. Start the messenger with its bot first.`);
    }
  }
}

const TARGET_CHARS_MAX = 2_048;

function check(target: string, targets: readonly DeliveryTarget[], param: string): void {
  if (target.length > TARGET_CHARS_MAX)
    throw refuse(`'deliver' has a target of more than ${TARGET_CHARS_MAX} characters.`, param);
  // The record shows targets as one text, separated by commas.
  if (target.includes(',')) throw refuse("'deliver' has a target with a comma in it; write %2C.", param);
  const { scheme, address } = splitTarget(target);
  const known = targets.find((one) => one.scheme === scheme);
  if (!known) {
    const forms = targets.map(({ example }) => example).join(', ');
    const what = `'deliver' names a target that does not exist: ${JSON.stringify(scheme)}. There are: ${forms}.`;
    throw refuse(what, param);
  }
  const problem = known.problemOf(address);
  if (problem !== undefined) throw refuse(`'deliver': the target ${scheme} ${problem}.`, param);
}

const refuse = (message: string, param = 'deliver'): GatewayError =>
  new GatewayError('invalid_request', message, { param });
