import { isJsonObject, type JsonObject, type JsonValue, type LoginSettings } from '#libs/contract';
import { CREDENTIAL_LIMITS } from './credential-limits.js';
import { LoginFailed, parseToken, type Token } from './token.js';

export type OAuth = Extract<LoginSettings, { kind: 'oauth' }>;

/** What a human has to do, and until when (milliseconds since the epoch). */
export interface DeviceLogin {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly verificationUri: string;
  readonly verificationUriComplete?: string;
  readonly expiresAt: number;
  readonly intervalMs: number;
}

/** A token for a refresh token (RFC 6749, 6), which is kept where no new one comes. Rejects with LoginFailed. */
export async function refreshed(oauth: OAuth, refreshToken: string, now: () => number): Promise<Token> {
  const answer = await post(oauth, oauth.tokenUrl, {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    ...(oauth.scope !== undefined && { scope: oauth.scope }),
  });
  if (!answer.isGood) {
    const { error } = answer;
    throw new LoginFailed(`refused to renew it (${error})`, FINAL.has(error));
  }
  return { refreshToken, ...parseToken(answer.text, now()) };
}

/** Errors of which asking again is no way out (RFC 6749, 5.2). */
const FINAL: ReadonlySet<string> = new Set(['invalid_grant', 'invalid_client', 'unauthorized_client', 'invalid_scope']);

/** Begins a device login (RFC 8628, 3.1). Rejects with LoginFailed. */
export async function startDevice(
  oauth: OAuth & { readonly deviceUrl: string },
  now: () => number,
): Promise<DeviceLogin> {
  const scope = oauth.scope !== undefined && { scope: oauth.scope };
  const answer = await post(oauth, oauth.deviceUrl, { ...scope });
  if (!answer.isGood) throw new LoginFailed(`refused to begin a login (${answer.error})`);
  const { device_code, user_code, verification_uri, verification_url, verification_uri_complete, ...times } =
    answer.fields;
  const address = webAddress(verification_uri ?? verification_url);
  if (typeof device_code !== 'string' || typeof user_code !== 'string' || address === undefined) {
    throw new LoginFailed('began a login without saying what to open');
  }
  const complete = webAddress(verification_uri_complete);
  const seconds = Math.min(positive(times['expires_in']) ?? 600, CREDENTIAL_LIMITS.deviceSecondsMax);
  const interval = (positive(times['interval']) ?? 0) * 1_000 || CREDENTIAL_LIMITS.deviceIntervalMsDefault;
  return {
    deviceCode: device_code,
    userCode: user_code.slice(0, 64),
    verificationUri: address,
    ...(complete !== undefined && { verificationUriComplete: complete }),
    expiresAt: now() + seconds * 1_000,
    intervalMs: Math.min(interval, CREDENTIAL_LIMITS.deviceIntervalMsMax),
  };
}

/**
 * Whether the human has logged in: the token, or how long to wait until the next look (RFC 8628, 3.5). Rejects with
 * LoginFailed; one that is not final may pass.
 */
export async function pollDevice(oauth: OAuth, login: DeviceLogin, now: () => number): Promise<Token | number> {
  const answer = await post(oauth, oauth.tokenUrl, { grant_type: DEVICE_GRANT, device_code: login.deviceCode });
  if (answer.isGood) return parseToken(answer.text, now());
  if (answer.error === 'authorization_pending') return login.intervalMs;
  if (answer.error === 'slow_down') return login.intervalMs + CREDENTIAL_LIMITS.deviceIntervalMsDefault;
  throw new LoginFailed(`did not let anybody log in (${answer.error})`, !answer.isServerError);
}

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

interface Answer {
  readonly isGood: boolean;
  readonly isServerError: boolean;
  readonly text: string;
  readonly fields: JsonObject;
  /** A word of the standard, or the status. */
  readonly error: string;
}

/** A form, as OAuth has it. Redirects are not followed: the form holds secrets. */
async function post(oauth: OAuth, url: string, form: Readonly<Record<string, string>>): Promise<Answer> {
  const { clientId, clientSecret } = oauth;
  const secret = clientSecret !== undefined && { client_secret: clientSecret };
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams({ client_id: clientId, ...secret, ...form }),
      redirect: 'error',
      signal: AbortSignal.timeout(CREDENTIAL_LIMITS.httpMsMax),
    });
    const text = await bodyOf(response);
    const fields = fieldsOf(text);
    const word = fields['error'];
    const error = typeof word === 'string' && /^[a-z_]{1,64}$/.test(word) ? word : `status ${response.status}`;
    return { isGood: response.ok && word === undefined, isServerError: response.status >= 500, text, fields, error };
  } catch (cause) {
    if (cause instanceof LoginFailed) throw cause;
    throw new LoginFailed('cannot be reached', false, { cause });
  }
}

async function bodyOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += (chunk as Uint8Array).length;
    if (bytes > CREDENTIAL_LIMITS.answerBytesMax) throw new LoginFailed('answered with too much');
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function fieldsOf(text: string): JsonObject {
  try {
    const value = JSON.parse(text) as JsonValue;
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** Somebody will open it. */
function webAddress(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > 2_048 || !URL.canParse(value)) return undefined;
  return /^https?:$/.test(new URL(value).protocol) ? value : undefined;
}

const positive = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined;
