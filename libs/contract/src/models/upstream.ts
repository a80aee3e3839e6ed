/** Every model API that the gateway can ask. The words stand in settings files, so a name stays what it is. */
export const PROVIDER_NAMES = ['openai', 'anthropic', 'demo'] as const;
export type ProviderName = (typeof PROVIDER_NAMES)[number];

/** One place where models are served, and how patiently to ask it. */
export interface UpstreamSettings {
  /** Shown in events and in error messages. */
  readonly name: string;
  readonly provider: ProviderName;
  /** Absent: the vendor's own address. */
  readonly baseUrl?: string;
  /** Absent: no credentials are sent. */
  readonly apiKey?: string;
  /** Attempts after the first, before the first event. */
  readonly retriesMax: number;
  /**
   * Until the answer's headers are there, connecting included; for an answer that is not streamed: until it is made.
   */
  readonly firstByteTimeoutMs: number;
  /** Longest silence within an answer. */
  readonly idleTimeoutMs: number;
}
