import { GatewayError, type LoginSettings } from '#libs/contract';
import { setTimeout as sleep } from 'node:timers/promises';
import { CREDENTIAL_LIMITS } from './credential-limits.js';
import { pollDevice, refreshed, startDevice, type DeviceLogin, type OAuth } from './oauth.js';
import { tokenOfCommand } from './token-command.js';
import { LoginFailed, type Token } from './token.js';
import { VaultEntry, type EntryParts, type Known } from './vault-entry.js';

export interface CredentialParts extends EntryParts {
  readonly login: LoginSettings;
  /** A renewal or a takeover is over; `why` it failed names no secret. */
  readonly onRenewed: (outcome: 'renewed' | 'failed', why?: string) => void;
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
  private readonly entry: VaultEntry;

  constructor(private readonly parts: CredentialParts) {
    this.entry = new VaultEntry(parts);
  }

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
      if (this.entry.isUnsaved) await this.saveLate();
      if (this.device) await this.goOn(this.device);
      else if (this.parts.now() >= this.notBefore && (this.known?.renewAt ?? 0) <= this.parts.now()) await this.renew();
    } catch {
      // It has been told by `onRenewed`, and is told to whoever asks.
    }
  }

  /**
   * Begins a login: with a bundle that was offered, by a human where there is a device login, else by whatever brings a
   * key. Never rejects.
   */
  async logIn(): Promise<void> {
    const { login, upstream, vault, now } = this.parts;
    try {
      this.notBefore = 0;
      this.failedWith = undefined;
      const bundle = await vault.takeOffer(upstream);
      if (bundle === undefined && login.kind === 'oauth' && login.deviceUrl !== undefined) {
        const device = await startDevice({ ...login, deviceUrl: login.deviceUrl }, now);
        this.device = device;
        const { deviceCode: _, intervalMs: __, ...shown } = device;
        await vault.tellLogin(upstream, { state: 'waiting', at: now(), ...shown });
        return;
      }
      if (bundle === undefined) await this.renewAnew();
      else await this.takeOver(bundle);
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
      const done = await this.entry.exclusively(async (seenAt) => {
        const found = await pollDevice(login, device, now);
        if (typeof found === 'number') return { nextMs: found };
        this.device = undefined;
        return this.keep(found, seenAt);
      });
      // While another worker renews the key before this one, the next look asks again.
      if (!done) return;
      if ('nextMs' in done) {
        this.nextPoll = now() + done.nextMs;
        this.device = { ...device, intervalMs: done.nextMs };
        return;
      }
      await vault.tellLogin(upstream, { state: 'logged_in', at: now() });
    } catch (cause) {
      this.nextPoll = now() + device.intervalMs;
      if (cause instanceof LoginFailed && !cause.isFinal) return;
      this.device = undefined;
      await this.tellFailed(cause);
    }
  }

  private async saveLate(): Promise<void> {
    await this.entry.exclusively(async () => {
      // Another worker may have put a newer one there.
      const fresh = await this.fromVault();
      if (fresh) this.adopt(fresh);
      return {};
    });
  }

  private async renewAnew(): Promise<void> {
    if (this.known) this.refusedToken = this.known.token.accessToken;
    this.known = undefined;
    await this.renew();
  }

  /**
   * Takes the key of another deployment, once it is known to be good: it is opened, and renewed if it can be. The key
   * before it stays otherwise.
   */
  private async takeOver(bundle: string): Promise<void> {
    const { upstream, now, onRenewed } = this.parts;
    try {
      const token = this.entry.opened(bundle);
      if (!token) throw new LoginFailed('was encrypted with another key or for another name', true);
      const end = now() + CREDENTIAL_LIMITS.waitMsMax;
      const take = async (seenAt: number): Promise<Known> => this.keep(await this.renewedOf(token), seenAt);
      while (!(await this.entry.exclusively(take))) await this.waitUntil(end);
      this.device = undefined;
      onRenewed('renewed');
    } catch (cause) {
      if (!(cause instanceof LoginFailed)) throw cause;
      const told = `The bundle for upstream '${upstream}' is dropped, and the key before it stays: it ${cause.message}.`;
      onRenewed('failed', told);
      throw new GatewayError('upstream_auth_failed', told, { cause });
    }
  }

  private async renewedOf(token: Token): Promise<Token> {
    const { login, now } = this.parts;
    if (login.kind === 'oauth' && token.refreshToken !== undefined) {
      return refreshed(login, token.refreshToken, now).catch((cause: unknown) => {
        if (!(cause instanceof LoginFailed)) throw cause;
        throw new LoginFailed(`could not be renewed: the source ${cause.message}`, cause.isFinal, { cause });
      });
    }
    if (token.expiresAt <= now()) throw new LoginFailed('has expired and cannot be renewed', true);
    return token;
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
    const { now } = this.parts;
    const end = now() + CREDENTIAL_LIMITS.waitMsMax;
    for (;;) {
      const fresh = await this.fromVault();
      if (fresh) return this.adopt(fresh);
      if (now() < this.notBefore && this.failedWith) throw this.authFailed(this.failedWith);
      // Another worker may have renewed it between the look and the lease.
      const work = async (seenAt: number): Promise<Known> => (await this.fromVault()) ?? (await this.obtain(seenAt));
      const known = await this.entry.exclusively(work);
      if (known) return this.adopt(known);
      await this.waitUntil(end);
    }
  }

  /** Before another try at the lease. Throws GatewayError `upstream_auth_failed` after `end`. */
  private async waitUntil(end: number): Promise<void> {
    if (this.parts.now() >= end) throw this.authFailed(new LoginFailed('is being renewed, which takes too long'));
    await sleep(CREDENTIAL_LIMITS.lookEveryMs);
  }

  /** A key that others have put there, if it does not have to be renewed, too. */
  private async fromVault(): Promise<Known | undefined> {
    const stored = await this.entry.read();
    return stored && stored.renewAt > this.parts.now() && this.isUsable(stored.token) ? stored : undefined;
  }

  private async obtain(seenAt: number): Promise<Known> {
    try {
      const known = await this.keep(await this.ask(), seenAt);
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
    const { login, now } = this.parts;
    if (login.kind === 'command') return tokenOfCommand(login, now);
    const stored = await this.entry.read();
    const known = [stored?.token.refreshToken, login.refreshToken].filter((one) => one !== undefined);
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

  private async keep(token: Token, seenAt: number): Promise<Known> {
    const { renewBeforeMsMax, renewBeforeShare } = CREDENTIAL_LIMITS;
    const before = Math.min(renewBeforeMsMax, (token.expiresAt - this.parts.now()) * renewBeforeShare);
    const known = { token, renewAt: token.expiresAt - before };
    this.adopt(known);
    // It is the newest there is, also when the source has given the one again that was refused.
    this.refusedToken = undefined;
    await this.entry.keep(known, seenAt);
    return known;
  }

  /** A key is there, whoever got it: failures before it say nothing about the next renewal. */
  private adopt(known: Known): Known {
    this.known = known;
    this.failures = 0;
    this.failedWith = undefined;
    this.notBefore = 0;
    return known;
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
