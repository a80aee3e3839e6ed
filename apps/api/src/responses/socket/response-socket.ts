import { ERRORS, GatewayError, isJsonObject, toRunError, type JsonObject, type LoggedEvent } from '#libs/contract';
import {
  encodeResponses,
  errorBody,
  openaiResponses,
  type SseFrame,
  RESPONSES_KEEPALIVE,
  runIdOfResponse,
  type ResponsesState,
} from '#libs/protocols';
import type { RawData } from 'ws';
import type { Preparation } from '#libs/protocols';
import type { Admitted, RunDesk } from '../../runs/admitting/run-desk.js';
import { API_LIMITS } from '../../words/api-limits.js';
import type { CreateRun, ReadRequest } from '../../answering/create-run.js';
import type { Exchange } from '../../answering/exchanges.js';
import { HEADERS } from '../../words/header-names.js';
import { parseJson } from '../../edge/parse-json.js';
import { whileWorkersAre, withExchange, type ExchangeParts } from '../../answering/run-exchange.js';
import { MessageIntake } from './message-intake.js';
import { ReadGate } from './read-gate.js';
import { SocketWriter } from './socket-writer.js';
import type { ConnectedSocket } from '../../edge/upgrade.js';
import type { ReceivingBudget } from '../../receiving/receiving-budget.js';

export interface ResponseSocketParts extends ExchangeParts {
  readonly createRun: Pick<CreateRun, 'readRequest'>;
  readonly desk: RunDesk;
  readonly receiving: ReceivingBudget;
  /** @param isOwnUnstored which unstored runs may be continued on this connection. */
  preparation(isOwnUnstored: (runId: string) => boolean): Preparation;
}

/**
 * One WebSocket of the Responses API: `response.create` messages in, stream events out, one response after the other. A
 * response made with `store: false` can be continued on this connection and nowhere else. Nothing is thrown: the
 * failure of a message is reported in an `error` message.
 */
export class ResponseSocket {
  private readonly gate: ReadGate;
  private readonly writer: SocketWriter;
  private readonly preparation: Preparation;
  private readonly intake: MessageIntake;
  private readonly unstored = new Set<string>();
  private busy = false;
  /** Sends the response under way. */
  private speaker: Speaker | undefined;
  /** The connection was asked to close, and does so between two responses. */
  private leaving: GatewayError | undefined;

  constructor(
    private readonly parts: ResponseSocketParts,
    private readonly connection: ConnectedSocket,
  ) {
    this.gate = new ReadGate(connection.webSocket);
    this.writer = new SocketWriter(connection.webSocket, this.gate);
    this.preparation = parts.preparation((runId) => this.unstored.has(runId));
    const receiving = parts.receiving.open(connection.owner);
    this.intake = new MessageIntake(connection, receiving, this.gate, (cause) => this.breakOff(cause));
    connection.webSocket.on('message', (data, isBinary) => this.take(data, isBinary));
    // `close` follows, and the exchange is told of the socket.
    connection.webSocket.on('error', () => connection.webSocket.terminate());
  }

  /** Sends the reason and closes, after the response under way. */
  leave(why: GatewayError): void {
    this.leaving ??= why;
    if (!this.busy) this.close();
  }

  /** Called regularly: tells a client that waits for a response that the response is still being made. */
  breakSilence(): void {
    if (this.speaker?.hasSpoken) this.writer.breakSilence(RESPONSES_KEEPALIVE.data);
  }

  /** Called regularly: whether the client has been slow to read since the last call. */
  wasBehind(): boolean {
    return this.writer.wasBehind();
  }

  private take(data: RawData, isBinary: boolean): void {
    try {
      if (isBinary) throw new GatewayError('invalid_request', 'Messages are text.');
      this.intake.push(data);
    } catch (cause) {
      this.tell(cause);
      return;
    }
    if (!this.busy) void this.work();
  }

  /** A message without room cannot be skipped, so this sends the error, stops reading, and closes. */
  private breakOff(cause: unknown): void {
    const { webSocket } = this.connection;
    if (webSocket.readyState !== webSocket.OPEN) return;
    this.gate.set('leaving', true);
    this.tell(cause);
    webSocket.close(CLOSE_TRY_AGAIN);
    setTimeout(() => webSocket.terminate(), API_LIMITS.webSocketGoodbyeMs).unref();
  }

  private async work(): Promise<void> {
    this.busy = true;
    for (let data = this.intake.shift(); data && this.mayGoOn; data = this.intake.shift()) {
      await this.answer(data);
      // An answer to the next message would be unread, too.
      await this.writer.caughtUp;
    }
    // The waiting messages are dropped, because nobody would read the answers.
    this.intake.clear();
    this.busy = false;
    if (this.leaving) this.close();
  }

  private get mayGoOn(): boolean {
    const { webSocket } = this.connection;
    return !this.leaving && webSocket.readyState === webSocket.OPEN;
  }

  private close(): void {
    const { webSocket } = this.connection;
    if (this.leaving) this.tell(this.leaving);
    webSocket.close(this.leaving?.code === 'draining' ? CLOSE_GOING_AWAY : CLOSE_NORMAL);
  }

  private async answer(data: RawData): Promise<void> {
    let parentId: string | undefined;
    try {
      const body = readMessage(data);
      parentId = parentOf(body);
      const { headers } = this.connection.request;
      const { [HEADERS.idempotencyKey]: _, ...kept } = headers;
      const request = { body: { ...body, stream: true }, headers: kept, owner: this.connection.owner };
      const read = await this.parts.createRun.readRequest(openaiResponses, request, this.preparation);
      const isWell = await this.run(read);
      if (!isWell) this.evict(parentId);
    } catch (cause) {
      this.evict(parentId);
      this.tell(cause);
    }
  }

  /** @returns whether the response ended well. Throws GatewayError when it could not begin. */
  private async run({ admission }: ReadRequest): Promise<boolean> {
    const { desk } = this.parts;
    let isWell = false;
    const { owner, socket } = this.connection;
    await withExchange(this.parts, { owner, socket }, async (exchange) => {
      this.parts.workers.assertThere();
      const run = await desk.admit(admission, exchange.signal);
      if (admission.draft.retain === false) this.remember(run.runId);
      await this.parts.runs.attend(
        run.runId,
        async () => {
          if (run.kind === 'stored') return;
          isWell = await whileWorkersAre(this.parts.workers, exchange, () => this.speak(run, exchange));
        },
        () => admission.draft.onDisconnect === 'cancel' && exchange.isGivenUp(false),
      );
    });
    return isWell;
  }

  private async speak(run: Exclude<Admitted, { kind: 'stored' }>, exchange: Exchange): Promise<boolean> {
    const speaker = new Speaker(this.writer);
    this.speaker = speaker;
    try {
      await this.parts.runs.follow({ ...run, after: 0 }, speaker.take, exchange.signal);
    } catch (cause) {
      this.parts.logger.warn({ err: cause, runId: run.runId }, 'a response on a WebSocket broke off');
      if (exchange.interruption === undefined) await speaker.fail(cause);
    } finally {
      this.speaker = undefined;
    }
    if (exchange.interruption === 'no_worker') await speaker.fail(this.parts.workers.error());
    if (exchange.interruption === 'draining') this.leave(draining());
    return speaker.lastType === 'run.completed';
  }

  private remember(runId: string): void {
    this.unstored.add(runId);
    const [oldest] = this.unstored;
    if (this.unstored.size > API_LIMITS.webSocketUnstoredMax && oldest !== undefined) this.unstored.delete(oldest);
  }

  /** A failed continuation cannot be tried again: the state of its response on this connection is discarded. */
  private evict(parentId: string | undefined): void {
    if (parentId !== undefined) this.unstored.delete(parentId);
  }

  private tell(cause: unknown): void {
    const error = toRunError(cause);
    if (error.code === 'internal_error') this.parts.logger.error({ err: cause }, 'a WebSocket message failed');
    this.writer.tell(JSON.stringify({ type: 'error', status: ERRORS[error.code].status, ...errorBody(error) }));
  }
}

const CLOSE_NORMAL = 1000;
const CLOSE_GOING_AWAY = 1001;
const CLOSE_TRY_AGAIN = 1013;

export const draining = (): GatewayError =>
  new GatewayError('draining', 'This server is shutting down. Connect again.', { retryAfterSeconds: 1 });

/** Encodes one run's events as messages: the frames of the stream without [DONE]. */
class Speaker {
  lastType: LoggedEvent['type'] | undefined;
  private state: ResponsesState = openaiResponses.begin() as ResponsesState;
  private lastSeq = 0;

  constructor(private readonly writer: SocketWriter) {}

  get hasSpoken(): boolean {
    return this.lastSeq > 0;
  }

  readonly take = (batch: readonly LoggedEvent[]): Promise<void> | undefined => this.speak(batch, 0);

  fail(cause: unknown): Promise<void> | undefined {
    const error = toRunError(cause);
    // The run goes on: what is told is no end of its response.
    if (error.code === 'queue_unavailable') return this.send(openaiResponses.breakOff?.(this.state, error) ?? []);
    return this.take([{ type: 'run.failed', error, seq: this.lastSeq + 1, at: Date.now() }]);
  }

  private speak(batch: readonly LoggedEvent[], from: number): Promise<void> | undefined {
    for (let i = from; i < batch.length; i++) {
      const pause = this.speakOne(batch[i] as LoggedEvent);
      if (pause) return pause.then(() => this.speak(batch, i + 1));
    }
    return undefined;
  }

  private speakOne(event: LoggedEvent): Promise<void> | undefined {
    const [state, frames] = encodeResponses(this.state, event);
    this.state = state;
    this.lastSeq = event.seq;
    this.lastType = event.type;
    return this.send(frames);
  }

  private send(frames: readonly SseFrame[]): Promise<void> | undefined {
    let pause: Promise<void> | undefined;
    for (const frame of frames) {
      if (frame.comment === undefined && frame.data !== '[DONE]') pause = this.writer.send(frame.data) ?? pause;
    }
    return pause;
  }
}

/** Throws GatewayError for anything but a `response.create`. */
function readMessage(data: RawData): JsonObject {
  const value = parseJson(
    Buffer.isBuffer(data) ? data : Buffer.concat([data].flat().map((part) => Buffer.from(part as Buffer))),
  );
  if (!isJsonObject(value) || value['type'] !== 'response.create') {
    throw new GatewayError('invalid_request', "A message must be an object of type 'response.create'.", {
      param: 'type',
    });
  }
  if (value['background'] === true) {
    throw new GatewayError('unsupported_parameter', "'background' has no meaning on a WebSocket.", {
      param: 'background',
    });
  }
  const { type: _, stream: _stream, ...body } = value;
  return body;
}

function parentOf(body: JsonObject): string | undefined {
  const id = body['previous_response_id'];
  return typeof id === 'string' ? runIdOfResponse(id) : undefined;
}
