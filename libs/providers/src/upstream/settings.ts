/** Where models are served and how patiently to ask: the fields of UpstreamConfig in libs/config, as plain values. */
export interface UpstreamSettings {
  /** Shown in events and in error messages. */
  readonly name: string;
  readonly provider: 'openai' | 'anthropic' | 'demo';
  /** Absent: the vendor's own address. */
  readonly baseUrl?: string;
  /** Absent: no credentials are sent. */
  readonly apiKey?: string;
  /** Attempts after the first, before the first event. */
  readonly retriesMax: number;
  /** Until the answer's headers are there, connecting included; for an answer that is not streamed: until it is made. */
  readonly firstByteTimeoutMs: number;
  /** Longest silence within an answer. */
  readonly idleTimeoutMs: number;
}
