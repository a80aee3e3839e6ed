import type { Job, JobRun } from '#libs/contract';

/** A result and its delivery. */
export interface Parcel {
  readonly job: Job;
  readonly run: JobRun;
  /** The part after the colon of the target: the URL of a webhook. */
  readonly address: string;
  /** The same for every attempt, so that a receiver can recognise a repetition. */
  readonly messageId: string;
  readonly now: number;
  readonly signal: AbortSignal;
}

/** A run of a job, and where its result will go. */
export interface BegunRun {
  readonly owner: string;
  readonly runId: string;
  readonly address: string;
}

/** `why` is shown to the owner of the job. `final`: another try cannot help. */
export type DeliveryOutcome =
  { readonly kind: 'delivered' } | { readonly kind: 'failed'; readonly why: string; readonly final: boolean };

/** `why` is shown to the owner of the job. `isSetUp`: somebody has been there, and results wait for them. */
export interface Absence {
  readonly why: string;
  readonly isSetUp: boolean;
}

/** A kind of place where results can go. A new one is a folder and a line in `registry.ts`. */
export interface DeliveryTarget {
  /** The part before the colon of a target in `deliver`. */
  readonly scheme: string;
  /** Form of a target, for messages. */
  readonly example: string;
  /** The fault of an address, as the end of a sentence; undefined when there is none. */
  problemOf(address: string): string | undefined;
  /** Sends once. Rejects only with the signal's reason. */
  deliver(parcel: Parcel): Promise<DeliveryOutcome>;
  /**
   * Why nobody would take a result there now; undefined when somebody does. Rejects with GatewayError when that cannot
   * be known now. Absent: it shows in the attempt.
   */
  absence?(): Promise<Absence | undefined>;
  /**
   * The run has begun: what it asks is asked there. Repeating it changes nothing. Rejects with GatewayError when it
   * cannot be noted now. Absent: nobody can be asked there.
   */
  watch?(begun: BegunRun): Promise<void>;
}
