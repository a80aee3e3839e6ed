import { LIMITS, type Approval, type UpstreamAsk } from '#libs/contract';
import type { AgentRun } from '../agent-run.js';
import type { ApprovalAnswer } from '../ports.js';

interface OpenAsk {
  readonly asks: UpstreamAsk;
  /** Absent: nobody is asked, and the answer is known. */
  readonly approval?: Approval;
  answer?: ApprovalAnswer;
  /** The upstream has heard the answer. */
  isHeard: boolean;
}

interface AskedCall {
  readonly step: number;
  readonly callId: string;
  readonly name: string;
  readonly arguments: string;
}

const NOBODY = { decision: 'deny', by: 'policy' } as const;

/**
 * The approvals that an upstream waits for. Each is a request of this run; its answer is passed on to the upstream, and
 * the upstream tells what came of it. So only the reader of its stream writes to the log, and somebody who answered
 * there is told of in the same way.
 */
export class UpstreamAsks {
  private readonly open = new Map<string, OpenAsk>();
  private stopTimer: (() => void) | undefined;
  private isClosed = false;

  constructor(private readonly run: Pick<AgentRun, 'book' | 'ports' | 'spec'>) {}

  /** Whether the call still waits for its answer. */
  has(callId: string): boolean {
    return this.open.has(callId);
  }

  /** Rejects when the request cannot be opened. A run whose caller is not to be asked denies it. */
  async request(call: AskedCall, asks: UpstreamAsk): Promise<void> {
    const { book, ports, spec } = this.run;
    const request = spec.approvals === 'deny' ? undefined : await ports.approvals.open(asks.secondsMax);
    if (request) {
      this.open.set(call.callId, { asks, approval: request, isHeard: false });
      await book.emit({ type: 'approval.requested', ...call, ...request });
    } else {
      this.open.set(call.callId, { asks, answer: NOBODY, isHeard: false });
    }
    this.lookLater(request ? LIMITS.upstreamAskLookMs : 0);
  }

  /** Says what came of a request. `told` is the upstream's word; without one, our own answer counts if it was heard. */
  async resolve(step: number, callId: string, told?: ApprovalAnswer): Promise<void> {
    const ask = this.open.get(callId);
    if (!ask) return;
    this.open.delete(callId);
    const { approval, answer, isHeard } = ask;
    if (approval) this.run.ports.approvals.close(approval.approvalId);
    const { decision, by: theirs } = told ?? (isHeard && answer ? answer : NOBODY);
    // It tells of our answer as one of a user, though the time may have been over, or nobody was asked.
    const isOurs = answer !== undefined && (answer.decision === 'deny') === (decision === 'deny');
    const by = approval ? (isOurs ? answer.by : theirs) : 'policy';
    const approvalId = approval?.approvalId ?? '';
    await this.run.book.emit({ type: 'approval.resolved', step, callId, approvalId, decision, by });
  }

  close(): void {
    this.isClosed = true;
    this.stopTimer?.();
    for (const { approval } of this.open.values()) if (approval) this.run.ports.approvals.close(approval.approvalId);
    this.open.clear();
  }

  private lookLater(ms: number = LIMITS.upstreamAskLookMs): void {
    if (this.stopTimer || this.isClosed) return;
    this.stopTimer = this.run.ports.startTimer(ms, () => void this.look());
  }

  /** Never rejects: what cannot be read, or passed on, is tried again. */
  private async look(): Promise<void> {
    const { approvals, signal } = this.run.ports;
    const waiting = [...this.open.values()].filter(({ isHeard }) => !isHeard);
    if (waiting.some(({ answer }) => !answer)) await approvals.hear().catch(() => undefined);
    await Promise.all(waiting.map((ask) => this.passOn(ask).catch(() => undefined)));
    this.stopTimer = undefined;
    if (!signal.aborted && [...this.open.values()].some(({ isHeard }) => !isHeard)) this.lookLater();
  }

  private async passOn(ask: OpenAsk): Promise<void> {
    const { approvals, signal } = this.run.ports;
    const answer = ask.answer ?? (ask.approval && (await approvals.answerTo(ask.approval)));
    if (!answer) return;
    ask.answer = answer;
    if (this.isClosed || signal.aborted) return;
    await ask.asks.answer(answer.decision, signal);
    ask.isHeard = true;
  }
}
