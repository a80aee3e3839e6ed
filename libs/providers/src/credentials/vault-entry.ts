import type { CredentialVault, Leases, StoredCredential } from '#libs/contract';
import { randomUUID } from 'node:crypto';
import { CREDENTIAL_LIMITS } from './credential-limits.js';
import type { Sealer } from './seal.js';
import type { Token } from './token.js';

export interface EntryParts {
  readonly upstream: string;
  readonly vault: CredentialVault;
  readonly leases: Leases;
  /** This worker. */
  readonly holder: string;
  readonly sealer: Sealer;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface Known {
  readonly token: Token;
  readonly renewAt: number;
}

/**
 * The key of one upstream in the vault. Only the holder of its lease writes it, and never over a newer one: a refresh
 * token that is overwritten may have been the only good one. Methods reject as the vault and the leases do.
 */
export class VaultEntry {
  /** It is not in the vault yet: the refresh token in it may be the only one that is good. */
  private unsaved: StoredCredential | undefined;

  constructor(private readonly parts: EntryParts) {}

  get isUnsaved(): boolean {
    return this.unsaved !== undefined;
  }

  async read(): Promise<Known | undefined> {
    const stored = await this.parts.vault.read(this.parts.upstream);
    const token = stored && this.opened(stored.sealed);
    return token && { token, renewAt: stored.renewAt };
  }

  /** undefined: it was sealed with another key or under another name, or somebody has changed it. */
  opened(sealed: string): Token | undefined {
    const text = this.parts.sealer.open(this.parts.upstream, sealed);
    return text === undefined ? undefined : (JSON.parse(text) as Token);
  }

  /**
   * Does what nobody else may do at the same time, in this process or another one; what could not be saved before is
   * saved first. undefined: somebody else is at it.
   * @param work gets the time of the key in the vault, for `keep`.
   */
  async exclusively<T extends object>(work: (seenAt: number) => Promise<T>): Promise<T | undefined> {
    const { leases, upstream, holder, vault } = this.parts;
    const name = `credential:${upstream}`;
    // A holder that takes its own lease again would get it: two of one worker must not be one.
    const one = `${holder}/${randomUUID()}`;
    if (!(await leases.take(name, one, { holdersMax: 1, ttlMs: CREDENTIAL_LIMITS.leaseMs }))) return undefined;
    try {
      if (this.unsaved) await this.save(this.unsaved);
      return await work((await vault.read(upstream))?.renewedAt ?? 0);
    } finally {
      await leases.release(name, one).catch(() => undefined);
    }
  }

  /**
   * Puts a key into the vault. Only for the work of `exclusively`.
   * @param seenAt what the work was given. The clocks of workers differ: the new key has a later time all the same.
   */
  async keep({ token, renewAt }: Known, seenAt: number): Promise<void> {
    const { sealer, upstream, now } = this.parts;
    const sealed = sealer.seal(upstream, JSON.stringify(token));
    await this.save({ sealed, expiresAt: token.expiresAt, renewAt, renewedAt: Math.max(now(), seenAt + 1) });
  }

  /** One that another worker has put there since then is newer, and stays. */
  private async save(credential: StoredCredential): Promise<void> {
    const { vault, upstream } = this.parts;
    this.unsaved = credential;
    const stored = await vault.read(upstream);
    if (stored === undefined || stored.renewedAt < credential.renewedAt) await vault.write(upstream, credential);
    this.unsaved = undefined;
  }
}
