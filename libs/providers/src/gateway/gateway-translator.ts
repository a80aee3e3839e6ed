import { isJsonObject, type JsonObject, type JsonValue, type ModelEvent, type ModelRequest } from '#libs/contract';
import { ChatTranslator } from '../openai/chat-translator.js';
import { upstreamError, type Upstream } from '../upstream/failures.js';
import type { Translator } from '../upstream/read-answer.js';
import type { AskLine } from './asks.js';
import { OwnTools } from './own-tools.js';

/** Events that tell of the gateway's own tools beside the answer. */
const PROGRESS_EVENT = 'hermes.tool.progress';

/**
 * Model events of one answer of a gateway: Chat Completions, and the progress of its tools. The answer is whole at
 * `[DONE]` and not before: a gateway whose process dies between two steps has ended a step, too.
 */
export class GatewayTranslator implements Translator {
  private readonly chat: ChatTranslator;
  private readonly tools: OwnTools;
  private events: ModelEvent[] = [];
  /** The gateway parts the texts of two steps by blank lines; we begin a step of our own there. */
  private isBehindTool = false;

  constructor(
    request: ModelRequest,
    private readonly upstream: Pick<Upstream, 'name' | 'apiKey'>,
    runId?: () => string | undefined,
    line?: AskLine,
  ) {
    this.chat = new ChatTranslator(request, upstream);
    this.tools = new OwnTools(request, upstream, runId, line);
  }

  get finished(): boolean {
    return this.chat.done && this.chat.finished;
  }

  get done(): boolean {
    return this.chat.done;
  }

  readEvent(data: string, name?: string): void {
    if (name !== PROGRESS_EVENT) return this.chat.readEvent(data);
    const news = parseObject(data);
    if (!news) return;
    this.collect();
    const told = this.tools.read(news);
    this.events.push(...told);
    this.isBehindTool ||= told.some(({ type }) => type !== 'reasoning');
  }

  readWhole(answer: JsonValue): void {
    const facts = isJsonObject(answer) ? answer['hermes'] : undefined;
    if (isJsonObject(facts) && facts['failed'] === true) {
      throw upstreamError(this.upstream.name, 'upstream_error', 'failed while it answered');
    }
    this.chat.readWhole(answer);
  }

  take(): readonly ModelEvent[] {
    this.collect();
    const { events } = this;
    if (events.length > 0) this.events = [];
    return events;
  }

  end(): readonly ModelEvent[] {
    if (!this.chat.done) {
      throw upstreamError(this.upstream.name, 'upstream_cut', 'ended its answer before it was finished');
    }
    const rest = this.chat.end();
    return [...this.take(), ...rest.map((event) => this.joined(event))];
  }

  private collect(): void {
    for (const event of this.chat.take()) this.events.push(this.joined(event));
  }

  private joined(event: ModelEvent): ModelEvent {
    if (!this.isBehindTool || (event.type !== 'text' && event.type !== 'reasoning')) return event;
    const text = event.text.replace(/^\n+/, '');
    if (text !== '') this.isBehindTool = false;
    return { ...event, text };
  }
}

function parseObject(data: string): JsonObject | undefined {
  try {
    const value = JSON.parse(data) as JsonValue;
    return isJsonObject(value) ? value : undefined;
  } catch {
    // News of a tool is for showing; the answer goes on without it.
    return undefined;
  }
}
