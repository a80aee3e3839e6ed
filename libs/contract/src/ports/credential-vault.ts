/** The key of an upstream as the deployment keeps it. Times are milliseconds since the epoch. */
export interface StoredCredential {
  /** Encrypted; only workers can open it. */
  readonly sealed: string;
  readonly expiresAt: number;
  /** From this time on it is renewed, while it can still be used. */
  readonly renewAt: number;
  readonly renewedAt: number;
}

/** How far a login is. */
export interface LoginState {
  /** `waiting`: for somebody who opens `verificationUri` and gives `userCode` there, until `expiresAt`. */
  readonly state: 'waiting' | 'logged_in' | 'failed';
  readonly at: number;
  readonly verificationUri?: string;
  /** The same with the code in it. */
  readonly verificationUriComplete?: string;
  readonly userCode?: string;
  readonly expiresAt?: number;
  readonly error?: string;
}

/**
 * The keys of upstreams that end, and logins that were asked for, as all processes of a deployment see them. Every
 * method rejects with GatewayError `queue_unavailable` when the server does not answer.
 */
export interface CredentialVault {
  read(upstream: string): Promise<StoredCredential | undefined>;
  write(upstream: string, credential: StoredCredential): Promise<void>;
  /**
   * Puts the encrypted key of another deployment beside the upstream's own, for a worker that opens it. The last one
   * counts, for LIMITS.credentialOfferSecondsMax.
   */
  offer(upstream: string, sealed: string): Promise<void>;
  /** What was offered; it is not there afterwards. */
  takeOffer(upstream: string): Promise<string | undefined>;
  login(upstream: string): Promise<LoginState | undefined>;
  tellLogin(upstream: string, state: LoginState): Promise<void>;
  askLogin(upstream: string): Promise<void>;
  /** Those of the upstreams for which a login was asked for; no other worker is told of them. */
  takeLogins(upstreams: readonly string[]): Promise<readonly string[]>;
}
