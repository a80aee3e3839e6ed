/** `background`: nobody watches it come: jobs, runs that were asked for in the background. */
export type Lane = 'interactive' | 'background';

export interface PlaceRequest {
  readonly owner: string;
  readonly lane: Lane;
  /** Runs that this key may have waiting in this lane. */
  readonly waitingMax: number;
  /** Runs that all workers together execute at the same time, as far as is known. */
  readonly slots: number;
}

export type Place =
  | { readonly kind: 'placed'; readonly tag: number }
  /**
   * `full`: the key has as many runs waiting as it may. `no_memory`: what Redis has left is for the runs that it holds.
   */
  | { readonly kind: 'full' | 'no_memory' };
