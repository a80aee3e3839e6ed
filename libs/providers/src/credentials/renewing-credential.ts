import {
  GatewayError,
  type CredentialVault,
  type Leases,
  type LoginSettings,
  type StoredCredential,
} from '#libs/contract';
import { setTimeout as sleep } from 'node:timers/promises';
import { CREDENTIAL_LIMITS } from './credential-limits.js';
import { pollDevice, refreshed, startDevice, type DeviceLogin, type OAuth } from './oauth.js';
import type { Sealer } from './seal.js';
import { tokenOfCommand } from './token-command.js';
import { LoginFailed, type Token } from './token.js';

export interface CredentialParts {
  readonly upstream: string;
  readonly login: LoginSettings;
  readonly vault: CredentialVault;
  readonly leases: Leases;
  /** This worker. */
  readonly holder: string;
  readonly sealer: Sealer;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A renewal is over; `why` it failed names no secret. */
  readonly onRenewed: (outcome: 'renewed' | 'failed', why?: string) => void;
}

interface Known {
  readonly token: Token;
  readonly renewAt: number;
}

/**
 * The key of an upstream that ends. All workers use one key: whoever has the lease renews it, before its end or after
 * it was refused, and puts it encrypted into the vault; the others take it from there.
 */
export class RenewingCredential {
  private known: Known | undefined;
  private refusedToken: string | undefined;
  private refusedAt = Number.NEGATIVE_INFINITY;
  private renewing: Promise<Known> | undefined;
  private failures = 0;
  private failedWith: LoginFailed | undefined;
  private notBefore = 0;
  private device: DeviceLogin | undefined;
  private nextPoll = 0;
  /** It is not in the vault yet: the refresh token in it may be the only one that is good. */
  private unsaved: StoredCredential | undefined;

  constructor(private readonly parts: CredentialParts) {}

  /**
   * A key that can be used now. A request waits for one at most CREDENTIAL_LIMITS.waitMsMax. Throws GatewayError
   * `upstream_auth_failed` when there is none, `queue_unavailable`, and the signal's reason.
   */
  async current(signal: AbortSignal): Promise<string> {
    const { known } = this;
    const now = this.parts.now();
    if (known && this.isUsable(known.token)) {
      if (known.renewAt <= now) this.renewSoon();
      return known.token.accessToken;
    }
    const { token } = await raced(this.renew(), signal);
    return token.accessToken;
  }

  /** The upstream has refused this key: another one is got, unless that has just been done. false: there is none. */
  async refused(token: string, signal: AbortSignal): Promise<boolean> {
    const now = this.parts.now();
    if (this.known?.token.accessToken === token) {
      if (now - this.refusedAt < CREDENTIAL_LIMITS.refusedAgainMs) return false;
      this.refusedAt = now;
      this.refusedToken = token;
      this.known = undefined;
    }
    return (await this.current(signal)) !== token;
  }

  /** Looks after the key: renews it in time, goes on with a login. Called every few seconds; never rejects. */
  async tend(): Promise<void> {
    try {
      if (this.unsaved) await this.save(this.unsaved);
      if (this.device) await this.goOn(this.device);
      else if (this.parts.now() >= this.notBefore && (this.known?.renewAt ?? 0) <= this.parts.now()) await this.renew();
    } catch {
      // It has been told by `onRenewed`, and is told to whoever asks.
    }
  }

  /** Begins a login: by a human where there is a device login, else by whatever brings a key. Never rejects. */
  async logIn(): Promise<void> {
    const { login, upstream, vault, now } = this.parts;
    try {
      this.notBefore = 0;
      this.failedWith = undefined;
      const isImported = (await vault.read(upstream))?.isImported === true;
      if (login.kind === 'oauth' && login.deviceUrl !== undefined && !isImported) {
        const device = await startDevice({ ...login, deviceUrl: login.deviceUrl }, now);
        this.device = device;
        const { deviceCode: _, intervalMs: __, ...shown } = device;
        await vault.tellLogin(upstream, { state: 'waiting', at: now(), ...shown });
        return;
      }
      if (this.known) this.refusedToken = this.known.token.accessToken;
      this.known = undefined;
      await this.renew();
      await vault.tellLogin(upstream, { state: 'logged_in', at: now() });
    } catch (cause) {
      await this.tellFailed(cause);
    }
  }

  private async goOn(device: DeviceLogin): Promise<void> {
    const { login, upstream, vault, now } = this.parts;
    if (login.kind !== 'oauth' || now() < this.nextPoll) return;
    try {
      if (now() >= device.expiresAt) throw new LoginFailed('nobody has logged in in time', true);
      const found = await pollDevice(login, device, now);
      if (typeof found === 'number') {
        this.nextPoll = now() + found;
        this.device = { ...device, intervalMs: found };
        return;
      }
      this.device = undefined;
      await this.keep(found);
      await vault.tellLogin(upstream, { state: 'logged_in', at: now() });
    } catch (cause) {
      this.nextPoll = now() + device.intervalMs;
      if (cause instanceof LoginFailed && !cause.isFinal) return;
      this.device = undefined;
      await this.tellFailed(cause);
    }
  }

  private async tellFailed(cause: unknown): Promise<void> {
    const { vault, upstream, now } = this.parts;
    const error = cause instanceof GatewayError ? cause.message : sentence(upstream, cause);
    await vault.tellLogin(upstream, { state: 'failed', at: now(), error }).catch(() => undefined);
  }

  private isUsable({ expiresAt, accessToken }: Token): boolean {
    return expiresAt > this.parts.now() && accessToken !== this.refusedToken;
  }

  private renewSoon(): void {
    if (this.parts.now() >= this.notBefore) this.renew().catch(() => undefined);
  }

  /** One renewal at a time in this process. */
  private renew(): Promise<Known> {
    this.renewing ??= this.renewOnce().finally(() => (this.renewing = undefined));
    return this.renewing;
  }

  private async renewOnce(): Promise<Known> {
    const { upstream, leases, holder, now } = this.parts;
    const lease = `credential:${upstream}`;
    const end = now() + CREDENTIAL_LIMITS.waitMsMax;
    for (;;) {
      const fresh = await this.fromVault();
      if (fresh) return (this.known = fresh);
      if (now() < this.notBefore && this.failedWith) throw this.authFailed(this.failedWith);
      if (await leases.take(lease, holder, { holdersMax: 1, ttlMs: CREDENTIAL_LIMITS.leaseMs })) {
        try {
          // Another worker may have renewed it between the look and the lease.
          return (this.known = (await this.fromVault()) ?? (await this.obtain()));
        } finally {
          await leases.release(lease, holder).catch(() => undefined);
        }
      }
      if (now() >= end) throw this.authFailed(new LoginFailed('is being renewed, which takes too long'));
      await sleep(CREDENTIAL_LIMITS.lookEveryMs);
    }
  }

  /** A key that others have put there, if it does not have to be renewed, too. */
  private async fromVault(): Promise<Known | undefined> {
    const stored = await this.parts.vault.read(this.parts.upstream);
    const token = stored && this.opened(stored);
    if (!token || stored.renewAt <= this.parts.now() || !this.isUsable(token)) return undefined;
    return { token, renewAt: stored.renewAt };
  }

  private opened({ sealed }: StoredCredential): Token | undefined {
    const text = this.parts.sealer.open(this.parts.upstream, sealed);
    return text === undefined ? undefined : (JSON.parse(text) as Token);
  }

  private async obtain(): Promise<Known> {
    try {
      const known = await this.keep(await this.ask());
      this.failures = 0;
      this.failedWith = undefined;
      this.parts.onRenewed('renewed');
      return known;
    } catch (cause) {
      if (!(cause instanceof LoginFailed)) throw cause;
      const { againAfterMs, againAfterMsMax } = CREDENTIAL_LIMITS;
      this.notBefore = this.parts.now() + Math.min(againAfterMs * 2 ** this.failures++, againAfterMsMax);
      this.failedWith = cause;
      this.parts.onRenewed('failed', sentence(this.parts.upstream, cause));
      throw this.authFailed(cause);
    }
  }

  private async ask(): Promise<Token> {
    const { login, now, vault, upstream } = this.parts;
    if (login.kind === 'command') return tokenOfCommand(login, now);
    const stored = await vault.read(upstream);
    const token = stored && this.opened(stored);
    if (stored?.isImported && !token) throw new LoginFailed('was encrypted with another key or for another name', true);
    if (stored?.isImported && token && token.refreshToken === undefined && this.isUsable(token)) return token;
    const known = [token?.refreshToken, login.refreshToken].filter((one) => one !== undefined);
    return this.refreshedBy(login, known);
  }

  /** The one that was kept is newer; the one of the settings may have been put there because the other one is over. */
  private async refreshedBy(login: OAuth, [first, ...others]: readonly string[]): Promise<Token> {
    if (first === undefined) throw new LoginFailed('needs somebody to log in', true);
    try {
      return await refreshed(login, first, this.parts.now);
    } catch (cause) {
      const other = others.find((token) => token !== first);
      if (!(cause instanceof LoginFailed) || !cause.isFinal || other === undefined) throw cause;
      return refreshed(login, other, this.parts.now);
    }
  }

  private async keep(token: Token): Promise<Known> {
    const { upstream, sealer, now } = this.parts;
    const renewedAt = now();
    const { renewBeforeMsMax, renewBeforeShare } = CREDENTIAL_LIMITS;
    const before = Math.min(renewBeforeMsMax, (token.expiresAt - renewedAt) * renewBeforeShare);
    const renewAt = token.expiresAt - before;
    const sealed = sealer.seal(upstream, JSON.stringify(token));
    this.known = { token, renewAt };
    // It is the newest there is, also when the source has given the one again that was refused.
    this.refusedToken = undefined;
    await this.save({ sealed, expiresAt: token.expiresAt, renewAt, renewedAt });
    return this.known;
  }

  private async save(credential: StoredCredential): Promise<void> {
    this.unsaved = credential;
    await this.parts.vault.write(this.parts.upstream, credential);
    this.unsaved = undefined;
  }

  private authFailed(cause: LoginFailed): GatewayError {
    return new GatewayError('upstream_auth_failed', sentence(this.parts.upstream, cause), { cause });
  }
}

function sentence(upstream: string, cause: unknown): string {
  const why = cause instanceof LoginFailed ? cause.message : 'failed';
  return `The key of upstream '${upstream}' cannot be had: its source ${why}.`;
}

/** The renewal goes on for the others when one request is given up. */
function raced<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason as Error);
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
