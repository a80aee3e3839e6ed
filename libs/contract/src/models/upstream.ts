/** Every kind of model API that the gateway speaks. Settings files use these words, so a name never changes. */
export const PROVIDER_NAMES = ['openai', 'anthropic', 'gateway', 'demo'] as const;
export type ProviderName = (typeof PROVIDER_NAMES)[number];

/** A server of models, and the patience of requests to it. */
export interface UpstreamSettings {
  /** Shown in events and in error messages. */
  readonly name: string;
  readonly provider: ProviderName;
  /** Absent: the vendor's own address. */
  readonly baseUrl?: string;
  /** Absent: no credentials are sent. */
  readonly apiKey?: string;
  /** Further attempts after a failed one, as long as no event has arrived. */
  readonly retriesMax: number;
  /** Time until the answer's headers, connecting included. For an answer that is not streamed: until it is complete. */
  readonly firstByteTimeoutMs: number;
  /** Longest silence within an answer. */
  readonly idleTimeoutMs: number;
  /** Share of a pool's new sessions, relative to the other members. Absent: 1. */
  readonly weight?: number;
  /** Members of a pool with the lowest number get new sessions. Absent: 0. */
  readonly priority?: number;
  /** Requests under way to this upstream, from all workers and pools together. Absent: no bound. */
  readonly inFlightMax?: number;
}
