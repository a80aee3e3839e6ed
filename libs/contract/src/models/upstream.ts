/** Every kind of model API that the gateway speaks. Settings files use these words, so a name never changes. */
export const PROVIDER_NAMES = ['openai', 'anthropic', 'gateway', 'demo'] as const;
export type ProviderName = (typeof PROVIDER_NAMES)[number];

/** How an upstream's key is got, and got again before it ends. */
export type LoginSettings =
  /** A program that prints a token, see `parseToken` in libs/providers. `env` is its whole environment. */
  | {
      readonly kind: 'command';
      readonly command: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
    }
  /** OAuth 2.0: a refresh token (RFC 6749, 6), which a device login (RFC 8628) may bring. */
  | {
      readonly kind: 'oauth';
      readonly tokenUrl: string;
      /** Absent: nobody can log in; there is a refresh token. */
      readonly deviceUrl?: string;
      readonly clientId: string;
      readonly clientSecret?: string;
      readonly scope?: string;
      /** The first one; a server may give another one with each renewal. */
      readonly refreshToken?: string;
    };

/** A server of models, and the patience of requests to it. */
export interface UpstreamSettings {
  /** Shown in events and in error messages. */
  readonly name: string;
  readonly provider: ProviderName;
  /** Absent: the vendor's own address. */
  readonly baseUrl?: string;
  /** Absent: no credentials are sent, unless there is a `login`. */
  readonly apiKey?: string;
  /** Where a key comes from that ends and has to be renewed. */
  readonly login?: LoginSettings;
  /** Further attempts after a failed one, as long as no event has arrived. */
  readonly retriesMax: number;
  /** Time until the answer's headers, connecting included. For an answer that is not streamed: until it is complete. */
  readonly firstByteTimeoutMs: number;
  /** Longest silence within an answer. */
  readonly idleTimeoutMs: number;
  /** Whether PDFs are sent as they are, or as their text. Absent: as they are to the vendors themselves. */
  readonly files?: 'pass' | 'text';
  /** Share of a pool's new sessions, relative to the other members. Absent: 1. */
  readonly weight?: number;
  /** Members of a pool with the lowest number get new sessions. Absent: 0. */
  readonly priority?: number;
  /** Requests under way to this upstream, from all workers and pools together. Absent: no bound. */
  readonly inFlightMax?: number;
}
