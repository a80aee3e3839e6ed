import type { RunFrame } from '#libs/wire';

/** Who wants the events of a run behind `after`. Ids are unique among the pages of a browser. */
export interface Wish {
  readonly id: string;
  readonly runId: string;
  readonly after: number;
}

/** From a page to its stream. `here` says that the page lives, and is answered. */
export type ToStream =
  | { readonly type: 'follow'; readonly key: string | undefined; readonly wish: Wish }
  | { readonly type: 'leave'; readonly id: string }
  /** The page woke up: a connection that may have died meanwhile is looked at now. */
  | { readonly type: 'check' }
  | { readonly type: 'here' };

/** From the stream to one page. */
export type FromStream =
  | { readonly type: 'frames'; readonly id: string; readonly frames: readonly RunFrame[] }
  /** There is no such run, or no longer. */
  | { readonly type: 'gone'; readonly id: string }
  | { readonly type: 'here' };
