import { GatewayError, LIMITS, NO_USAGE, type ModelCandidate, type ModelEvent } from '#libs/contract';
import type { AgentRun } from '../agent-run.js';
import { boundOutput } from './bound-output.js';
import { UpstreamAsks } from './upstream-asks.js';

/** What a model says of tools that its upstream runs itself. */
export type UpstreamToolEvent = Extract<
  ModelEvent,
  { type: 'own_tool' | 'own_tool_answered' | 'own_tool_progress' | 'own_tool_end' }
>;

export function isUpstreamTool(event: ModelEvent): event is UpstreamToolEvent {
  switch (event.type) {
    case 'own_tool':
    case 'own_tool_answered':
    case 'own_tool_progress':
    case 'own_tool_end':
      return true;
    default:
      return false;
  }
}

type UpstreamAnswer = Pick<Extract<UpstreamToolEvent, { type: 'own_tool_answered' }>, 'decision' | 'by'>;

interface OpenTool {
  readonly name: string;
  readonly startedAt: number;
}

const NOT_TOLD = 'The upstream ran this tool itself and does not tell what it gave out.';

/**
 * Tells of the tools that an upstream runs, in the words for our own: calls that are whole when they are told of. They
 * end the step in which they stand, so what the upstream says behind them begins another one.
 */
export class UpstreamTools {
  private readonly open = new Map<string, OpenTool>();
  /** Some of them stand in the open step. */
  private inStep = 0;
  private readonly asks: UpstreamAsks;

  constructor(private readonly run: Pick<AgentRun, 'book' | 'ports' | 'spec'>) {
    this.asks = new UpstreamAsks(run);
  }

  get areInStep(): boolean {
    return this.inStep > 0;
  }

  async take(event: UpstreamToolEvent, step: number): Promise<void> {
    const { book } = this.run;
    if (event.type === 'own_tool') return this.begin(event, step);
    const { callId } = event;
    const tool = this.open.get(callId);
    // It was taken for ended when the upstream went on speaking.
    if (!tool) return;
    if (event.type === 'own_tool_end') return this.end(step, callId, event);
    if (event.type === 'own_tool_answered') return this.start(step, callId, event);
    if (!this.asks.has(callId)) await book.emit({ type: 'tool.progress', step, callId, text: event.text });
  }

  /** However the answer ended, nobody is asked any longer. */
  close(): void {
    this.asks.close();
  }

  /** Ends what is open, and closes the step with them. Gives the number of the step that begins here. */
  async nextStep(step: number, { provider, model }: ModelCandidate): Promise<number> {
    const { book } = this.run;
    for (const callId of this.open.keys()) await this.end(step, callId);
    await book.emit({ type: 'step.completed', step, finishReason: 'tool_calls', usage: NO_USAGE });
    this.inStep = 0;
    await book.emit({ type: 'step.started', step: step + 1, model, upstream: provider.upstream });
    return step + 1;
  }

  /** Ends what is open; the step goes on. */
  async settle(step: number): Promise<void> {
    for (const callId of this.open.keys()) await this.end(step, callId);
  }

  private async begin(
    { callId, name, about, asks }: Extract<UpstreamToolEvent, { type: 'own_tool' }>,
    step: number,
  ): Promise<void> {
    const { book, ports } = this.run;
    if (this.inStep >= LIMITS.toolCallsPerStepMax) {
      throw new GatewayError('upstream_invalid', 'The upstream ran too many tools without a word between them.');
    }
    this.inStep++;
    this.open.set(callId, { name, startedAt: ports.now() });
    const text = JSON.stringify(about === undefined ? {} : { about });
    await book.emit({ type: 'tool_call.started', step, callId, name, executedBy: 'server', ofUpstream: true });
    await book.emit({ type: 'tool_call.arguments.delta', step, callId, delta: text });
    await book.emit({ type: 'tool_call.ready', step, callId, name, arguments: text, executedBy: 'server' });
    if (asks) await this.asks.request({ step, callId, name, arguments: text }, asks);
    else await book.emit({ type: 'tool.started', step, callId, name });
  }

  /** The tool had to wait for an answer. Its time counts from here. */
  private async start(step: number, callId: string, answer?: UpstreamAnswer): Promise<void> {
    const { book, ports } = this.run;
    const tool = this.open.get(callId);
    if (!tool || !this.asks.has(callId)) return;
    await this.asks.resolve(step, callId, answer);
    this.open.set(callId, { ...tool, startedAt: ports.now() });
    await book.emit({ type: 'tool.started', step, callId, name: tool.name });
  }

  private async end(
    step: number,
    callId: string,
    told: Partial<Extract<UpstreamToolEvent, { type: 'own_tool_end' }>> = {},
  ): Promise<void> {
    const { book, ports } = this.run;
    await this.start(step, callId);
    const tool = this.open.get(callId);
    if (!tool) return;
    this.open.delete(callId);
    const { isError = false, output = NOT_TOLD, durationMs } = told;
    const took = durationMs ?? Math.max(0, Math.round(ports.now() - tool.startedAt));
    const { name } = tool;
    const facts = { name, output: boundOutput(output), isError, durationMs: took };
    await book.emit({ type: 'tool.completed', step, callId, ...facts });
  }
}
