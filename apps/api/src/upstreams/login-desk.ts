import type { ModelsConfig } from '#libs/config';
import { GatewayError, type CredentialVault, type LoginState, type StoredCredential } from '#libs/contract';
import { setTimeout as sleep } from 'node:timers/promises';
import { exportFields } from './lingma-shapes.js';
import { API_LIMITS } from '../words/api-limits.js';

export interface LoginDeskParts {
  readonly vault: CredentialVault;
  /** As they are now. */
  readonly models: () => ModelsConfig;
  readonly now: () => number;
  onExported(upstream: string): void;
}

const LOOK_MS = 250;
/** A bundle as workers make it, see `sealer` in libs/providers. */
const SEALED = /^v1\.[A-Za-z0-9_-]{40,65536}$/;

/** Logins at upstreams whose keys renew themselves. A worker carries them out; no key is ever shown. */
export class LoginDesk {
  constructor(private readonly parts: LoginDeskParts) {}

  /**
   * Starts a login, and answers what a human has to open. With a `bundle` of another deployment that has the same
   * CREDENTIALS_KEY nobody has to open anything. Throws GatewayError `not_found`, `invalid_request` for an upstream
   * whose key stands in the settings, and `unavailable` when no worker takes it up in time.
   * @param name absent: the first upstream with a login.
   */
  async start(name: string | undefined, bundle?: unknown): Promise<object> {
    const upstream = this.named(name);
    const { vault, now } = this.parts;
    // A login without a bundle is not one with a bundle that no worker took up before.
    if (bundle === undefined) await vault.takeOffer(upstream);
    else await vault.offer(upstream, bundleIn(bundle));
    const before = await vault.login(upstream);
    await vault.askLogin(upstream);
    const end = now() + API_LIMITS.upstreamCheckMsMax;
    while (now() < end) {
      const state = await vault.login(upstream);
      if (state && JSON.stringify(state) !== JSON.stringify(before)) return this.state(upstream);
      await sleep(LOOK_MS);
    }
    throw new GatewayError('unavailable', 'No worker has begun the login in time.', { retryAfterSeconds: 5 });
  }

  /** How far the last login is, and until when the key is good. Throws as `start`. */
  async state(name: string | undefined): Promise<object> {
    const upstream = this.named(name);
    const { now } = this.parts;
    const [login, stored] = await this.known(upstream);
    return { name: upstream, ...loginObject(login, now()), credential: credentialObject(stored, now()) };
  }

  /**
   * As clients of the Lingma gateway start one: nothing is begun where the key is good, or somebody is asked already.
   * Throws as `start`.
   */
  async startOnce(name: string | undefined): Promise<object> {
    const instance = this.named(name);
    const [login, stored] = await this.known(instance);
    const { now } = this.parts;
    const answer = (state: string, more: object): object => ({ ok: true, state, instance, ...more });
    if (stored && stored.expiresAt > now()) return answer('already_logged_in', { auth: authObject(instance, stored) });
    const isRunning = loginObject(login, now()).state === 'waiting';
    const autoLogin = isRunning ? await this.state(instance) : await this.start(instance);
    return answer(isRunning ? 'already_running' : 'running', { auto_login: autoLogin });
  }

  /** As these clients ask for it: every upstream with a login, and the fields of `state` for the first one. */
  async states(name: string | undefined): Promise<object> {
    const first = await this.state(name);
    const { models, now } = this.parts;
    const names = models().upstreams.flatMap((row) => (row.login && (name ?? row.name) === row.name ? [row.name] : []));
    const rows = names.map(async (instance) => {
      const [login, stored] = await this.known(instance);
      const isIn = stored !== undefined && stored.expiresAt > now();
      const auth = isIn ? authObject(instance, stored) : {};
      return { instance, auto_login: loginObject(login, now()), auth, state: isIn ? 'ready' : 'not_logged_in' };
    });
    return { ok: true, ...first, instances: await Promise.all(rows) };
  }

  private known(upstream: string): Promise<[LoginState | undefined, StoredCredential | undefined]> {
    const { vault } = this.parts;
    return Promise.all([vault.login(upstream), vault.read(upstream)]);
  }

  /** The encrypted key of one upstream. Throws as `start`, and `forbidden` unless the settings allow it. */
  async exported(name: string | undefined): Promise<object> {
    if (!this.parts.models().exportsCredentials) {
      throw new GatewayError('forbidden', 'Keys are not given out: CREDENTIALS_EXPORT is not set.');
    }
    const upstream = this.named(name);
    const stored = await this.parts.vault.read(upstream);
    if (!stored) throw new GatewayError('not_found', `Nobody has logged in at upstream '${upstream}'.`);
    this.parts.onExported(upstream);
    const { sealed, expiresAt } = stored;
    const bundle = { object: 'credential_bundle', upstream, bundle: sealed, expires_at: expiresAt / 1_000 };
    return { ...bundle, ...exportFields(upstream, sealed) };
  }

  private named(name: string | undefined): string {
    const { upstreams } = this.parts.models();
    const found =
      name === undefined ? upstreams.find(({ login }) => login) : upstreams.find((row) => row.name === name);
    if (!found) {
      const what = name === undefined ? 'No upstream has a login.' : `No upstream is named ${JSON.stringify(name)}.`;
      throw new GatewayError('not_found', what, { param: 'name' });
    }
    if (found.login) return found.name;
    throw new GatewayError('invalid_request', `The key of upstream '${found.name}' stands in the settings.`, {
      param: 'name',
    });
  }
}

/** Clients take an `id` for a login that is good. */
const authObject = (upstream: string, { expiresAt }: StoredCredential) => ({
  id: upstream,
  expires_at: expiresAt / 1_000,
});

/** Only a worker can open it: what cannot be opened replaces nothing. */
function bundleIn(bundle: unknown): string {
  if (typeof bundle === 'string' && SEALED.test(bundle)) return bundle;
  throw new GatewayError('invalid_request', 'bundle is not the bundle of an export.', { param: 'bundle' });
}

function loginObject(login: LoginState | undefined, now: number) {
  if (!login) return { state: 'none', at: null, verification_uri: null, user_code: null, error: null };
  const { state, at, verificationUri, verificationUriComplete, userCode, expiresAt, error } = login;
  const isOver = state === 'waiting' && expiresAt !== undefined && expiresAt <= now;
  return {
    state: isOver ? 'failed' : state,
    at: at / 1_000,
    verification_uri: verificationUri ?? null,
    verification_uri_complete: verificationUriComplete ?? null,
    user_code: userCode ?? null,
    expires_at: expiresAt === undefined ? null : expiresAt / 1_000,
    error: isOver ? 'Nobody has logged in in time.' : (error ?? null),
  };
}

const credentialObject = (stored: StoredCredential | undefined, now: number) =>
  stored
    ? {
        state: stored.expiresAt > now ? 'valid' : 'expired',
        expires_at: stored.expiresAt / 1_000,
        renewed_at: stored.renewedAt / 1_000,
      }
    : null;
