import { LIMITS, toRunError, GatewayError, type RunJournal } from '#libs/contract';

/** What a look at a run's log tells: the number of its last event, or why nobody can follow it any more. */
export type Looked = { readonly lastSeq: number } | { readonly gone: GatewayError };

/** @returns whether the listener had missed something. */
type Listener = (looked: Looked) => boolean;

interface Watched {
  readonly listeners: Set<Listener>;
  timer: NodeJS.Timeout;
  delayMs: number;
  /** Something was heard since the last look. */
  isLively: boolean;
  failingSince: number | undefined;
}

/**
 * Looks at the logs of runs that are silent, because the messages that tell of events may be lost: one look per run and
 * process, however many listen, and a rarer one the longer nothing comes (LIMITS.relayIdlePollMs, doubled up to
 * LIMITS.relayIdlePollMsMax). While Redis is away it goes on looking, for LIMITS.relayOutageMsMax.
 */
export class IdleLooks {
  private readonly runs = new Map<string, Watched>();

  constructor(
    private readonly log: Pick<RunJournal, 'head'>,
    private readonly everyMs: number = LIMITS.relayIdlePollMs,
    private readonly everyMsMax: number = LIMITS.relayIdlePollMsMax,
  ) {}

  /** `listener` is told of every look. @returns how to stop. */
  watch(runId: string, listener: Listener): () => void {
    const watched = this.runs.get(runId) ?? this.open(runId);
    watched.listeners.add(listener);
    return () => {
      watched.listeners.delete(listener);
      if (watched.listeners.size > 0 || this.runs.get(runId) !== watched) return;
      clearTimeout(watched.timer);
      this.runs.delete(runId);
    };
  }

  /** Something was heard of the run: the next look is as far away as if it had begun just now. */
  heard(runId: string): void {
    const watched = this.runs.get(runId);
    if (watched) watched.isLively = true;
  }

  private open(runId: string): Watched {
    const watched: Watched = {
      listeners: new Set(),
      timer: setTimeout(() => void this.look(runId, watched), this.everyMs),
      delayMs: this.everyMs,
      isLively: false,
      failingSince: undefined,
    };
    this.runs.set(runId, watched);
    return watched;
  }

  private async look(runId: string, watched: Watched): Promise<void> {
    if (watched.isLively) watched.delayMs = this.everyMs;
    else {
      watched.delayMs = Math.min(watched.delayMs * 2, this.everyMsMax);
      const looked = await this.ask(runId, watched);
      const missed = looked ? [...watched.listeners].filter((listener) => listener(looked)) : [];
      if (missed.length > 0) watched.delayMs = this.everyMs;
    }
    watched.isLively = false;
    if (this.runs.get(runId) !== watched) return;
    watched.timer = setTimeout(() => void this.look(runId, watched), watched.delayMs);
  }

  private async ask(runId: string, watched: Watched): Promise<Looked | undefined> {
    try {
      const head = await this.log.head(runId);
      watched.failingSince = undefined;
      if (head) return { lastSeq: head.lastSeq };
      return { gone: new GatewayError('run_log_lost', 'The events of this run were lost.') };
    } catch (cause) {
      watched.failingSince ??= Date.now();
      if (Date.now() - watched.failingSince < LIMITS.relayOutageMsMax) return undefined;
      const { code, message } = toRunError(cause);
      return { gone: new GatewayError(code, message, { cause }) };
    }
  }
}
