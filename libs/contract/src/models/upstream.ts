/** Every kind of model API that the gateway speaks. Settings files use these words, so a name never changes. */
export const PROVIDER_NAMES = ['openai', 'anthropic', 'demo'] as const;
export type ProviderName = (typeof PROVIDER_NAMES)[number];

/** A server of models, and how patiently to ask it. */
export interface UpstreamSettings {
  /** Shown in events and in error messages. */
  readonly name: string;
  readonly provider: ProviderName;
  /** Absent: the vendor's own address. */
  readonly baseUrl?: string;
  /** Absent: no credentials are sent. */
  readonly apiKey?: string;
  /** Further attempts after a failed one, as long as no event has come. */
  readonly retriesMax: number;
  /**
   * Time until the answer's headers, connecting included; for an answer that is not streamed: until it is complete.
   */
  readonly firstByteTimeoutMs: number;
  /** Longest silence within an answer. */
  readonly idleTimeoutMs: number;
  /** Its share of new sessions in a pool, beside the others'. Absent: 1. */
  readonly weight?: number;
  /** Members of a pool with the lowest number get new sessions. Absent: 0. */
  readonly priority?: number;
  /** Requests that it may have under way, from all workers and pools. Absent: no bound. */
  readonly inFlightMax?: number;
}
