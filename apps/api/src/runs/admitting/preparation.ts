import type { RunDraft } from '#libs/contract';

/** How a request is answered, apart from its protocol's encoder. */
export interface AnswerTraits {
  readonly headers: Readonly<Record<string, string>>;
  /** The client wants to hear that the run was queued, not how it ends. */
  readonly answersAtOnce: boolean;
}

/** A draft with everything it refers to found. */
export interface Completed {
  readonly draft: RunDraft;
  /**
   * Takes what one run alone can have, when nothing else refuses the run any more. Throws GatewayError, which refuses
   * it.
   */
  begin?(): Promise<void>;
}

/** What a protocol needs beyond decoding: conversations, earlier runs, its own ways to answer. */
export interface Preparation {
  traits(draft: RunDraft): AnswerTraits;
  /**
   * The draft with everything it refers to found; asked when its run is about to be opened, and not when a repeated
   * request joins a run that is there. Throws GatewayError, which refuses the request.
   */
  complete(draft: RunDraft, run: { readonly owner: string; readonly runId: string }): Promise<Completed>;
}

/** Nearly every protocol's: the draft says it all. */
export const NO_PREPARATION: Preparation = {
  traits: () => ({ headers: {}, answersAtOnce: false }),
  complete: async (draft) => ({ draft }),
};
