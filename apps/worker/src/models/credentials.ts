import type { ModelsConfig } from '#libs/config';
import type { CredentialVault, Leases, UpstreamSettings } from '#libs/contract';
import { RenewingCredential, sealer } from '#libs/providers';

const LOOK_EVERY_MS = 3_000;

export interface CredentialsParts {
  readonly vault: CredentialVault;
  readonly leases: Leases;
  readonly workerId: string;
  onRenewed(upstream: string, outcome: 'renewed' | 'failed', why?: string): void;
  onError(cause: unknown): void;
}

interface Kept {
  readonly settings: string;
  readonly credential: RenewingCredential;
}

/** The keys of this worker's upstreams that renew themselves: it looks after them, and carries out logins. */
export class Credentials {
  private kept = new Map<string, Kept>();
  private readonly timer: NodeJS.Timeout;
  private looking = false;

  constructor(private readonly parts: CredentialsParts) {
    this.timer = setInterval(() => void this.look(), LOOK_EVERY_MS);
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** The keys of these settings. One whose settings are the same is kept, with what is known of it. */
  use({ upstreams, credentialsKey = '' }: Pick<ModelsConfig, 'upstreams' | 'credentialsKey'>): void {
    const before = this.kept;
    this.kept = new Map();
    for (const upstream of upstreams) {
      if (!upstream.login) continue;
      const settings = JSON.stringify([upstream.login, credentialsKey]);
      const known = before.get(upstream.name);
      const kept = known?.settings === settings ? known : { settings, credential: this.open(upstream, credentialsKey) };
      this.kept.set(upstream.name, kept);
    }
    void this.look();
  }

  /** undefined: its key stands in the settings. */
  of(upstream: string): RenewingCredential | undefined {
    return this.kept.get(upstream)?.credential;
  }

  private open({ name, login }: UpstreamSettings, key: string): RenewingCredential {
    if (!login) throw new Error(`upstream ${name} has no login`);
    const { vault, leases, workerId, onRenewed } = this.parts;
    return new RenewingCredential({
      upstream: name,
      login,
      vault,
      leases,
      holder: workerId,
      sealer: sealer(key),
      now: Date.now,
      onRenewed: (outcome, why) => onRenewed(name, outcome, why),
    });
  }

  private async look(): Promise<void> {
    // A login may take longer than the time between two looks.
    if (this.looking || this.kept.size === 0) return;
    this.looking = true;
    try {
      const asked = await this.parts.vault.takeLogins([...this.kept.keys()]);
      const loggingIn = asked.flatMap((name) => this.of(name) ?? []);
      await Promise.all(loggingIn.map((credential) => credential.logIn()));
      await Promise.all([...this.kept.values()].map(({ credential }) => credential.tend()));
    } catch (cause) {
      this.parts.onError(cause);
    } finally {
      this.looking = false;
    }
  }
}
