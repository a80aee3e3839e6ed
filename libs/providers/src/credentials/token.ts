import { isJsonObject, type JsonObject, type JsonValue } from '#libs/contract';
import { CREDENTIAL_LIMITS } from './credential-limits.js';

/** A key, and what brings the next one. */
export interface Token {
  readonly accessToken: string;
  readonly refreshToken?: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Why there is no key; the text is for operators and names no secret. */
export class LoginFailed extends Error {
  /** @param isFinal asking again as before is of no use: somebody has to log in. */
  constructor(
    message: string,
    readonly isFinal = false,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * The token in the answer of an OAuth server or of a program:
 *   {"access_token" | "token": "...", "expires_in": seconds | "expires_at" | "expirationTimestamp": date or seconds,
 *    "refresh_token"?: "..."}, also inside of "status" as kubectl's plugins have it
 * or, of a program, the token alone in one line. Without a time it is good for CREDENTIAL_LIMITS.lifeMsDefault.
 * @param now milliseconds since the epoch. Throws LoginFailed.
 */
export function parseToken(text: string, now: number): Token {
  const fields = fieldsOf(text.trim());
  const accessToken = fields['access_token'] ?? fields['token'];
  if (typeof accessToken !== 'string' || !TOKEN.test(accessToken)) throw new LoginFailed('gave no token');
  const refreshToken = fields['refresh_token'];
  const expiresAt = endOf(fields, now);
  if (expiresAt <= now) throw new LoginFailed('gave a token that has expired');
  const isRefresh = typeof refreshToken === 'string' && TOKEN.test(refreshToken);
  return { accessToken, expiresAt, ...(isRefresh && { refreshToken }) };
}

/** It becomes a header. */
const TOKEN = new RegExp(`^[\\x21-\\x7e]{1,${CREDENTIAL_LIMITS.tokenCharsMax}}$`);

function fieldsOf(text: string): JsonObject {
  if (!text.startsWith('{')) return { token: text };
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    throw new LoginFailed('gave something that is no JSON');
  }
  if (!isJsonObject(value)) return {};
  return isJsonObject(value['status']) ? value['status'] : value;
}

function endOf(fields: JsonObject, now: number): number {
  const life = Number(fields['expires_in']);
  if (fields['expires_in'] !== undefined && Number.isFinite(life)) return now + life * 1_000;
  const end = fields['expires_at'] ?? fields['expirationTimestamp'];
  if (typeof end === 'number') return end * 1_000;
  const date = typeof end === 'string' ? Date.parse(end) : Number.NaN;
  return Number.isNaN(date) ? now + CREDENTIAL_LIMITS.lifeMsDefault : date;
}
