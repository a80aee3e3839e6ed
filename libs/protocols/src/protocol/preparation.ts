import type { RunDraft, RunSnapshot, Turn } from '#libs/contract';

/** How a request is answered, apart from its protocol's encoder. */
export interface AnswerTraits {
  readonly headers: Readonly<Record<string, string>>;
  /** The client wants to know that the run was queued, not how it ends. */
  readonly answersAtOnce: boolean;
}

/** A draft whose references have all been looked up. */
export interface Completed {
  readonly draft: RunDraft;
  /**
   * Takes what only one run at a time can have. Called last, when nothing else can refuse the run. Throws GatewayError,
   * which refuses the run. The function that it returns undoes it, and is called when the run is refused after all.
   */
  begin?(): Promise<(() => Promise<void>) | undefined>;
}

/** The needs of a protocol besides decoding: conversations, earlier runs, its own kinds of answers. */
export interface Preparation {
  /** Clients send the whole conversation each time, so runs with the same beginning belong to one session. */
  readonly derivesSession: boolean;
  /** The session that a request is a member of without a turn, by the client's own id of it. Absent: none. */
  memberOf?(draft: RunDraft): string | undefined;
  traits(draft: RunDraft): AnswerTraits;
  /**
   * The draft with everything that it refers to. Called when its run is about to be opened, and not when a repeated
   * request joins an existing run. Throws GatewayError, which refuses the request.
   */
  complete(draft: RunDraft, run: { readonly owner: string; readonly runId: string }): Promise<Completed>;
}

/**
 * The reads that a preparation may use. Both reject with GatewayError `unavailable` when only the store knows and it is
 * away.
 */
export interface PreparePorts {
  /** The run as it is now. undefined when it does not exist, or belongs to another key. */
  run(runId: string, owner: string): Promise<RunSnapshot | undefined>;
  /** The conversation that ends with this run, oldest turn first; empty when the run itself is gone. */
  turns(runId: string): Promise<readonly Turn[]>;
}

const PLAIN_TRAITS: AnswerTraits = { headers: {}, answersAtOnce: false };

/** The preparation of most protocols: the draft is already complete. */
export const NO_PREPARATION: Preparation = {
  derivesSession: true,
  traits: () => PLAIN_TRAITS,
  complete: async (draft) => ({ draft }),
};
