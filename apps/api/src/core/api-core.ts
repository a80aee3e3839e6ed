import { priceTable } from '#libs/config';
import type { PriceTable } from '#libs/contract';
import { historyReader, type HistoryReader } from '#libs/history';
import { Runs } from '#libs/runs';
import { Admission } from '../runs/admitting/admission.js';
import { RunDesk } from '../runs/admitting/run-desk.js';
import type { ApiParts, ApiPorts } from './api-ports.js';
import { StreamSweep } from '../answering/event-stream.js';
import { Exchanges } from '../answering/exchanges.js';
import type { ExchangeParts } from '../answering/run-exchange.js';
import type { ApiMeters } from '../edge/api-meters.js';
import { CreateOnce } from '../runs/admitting/create-once.js';
import { ResponseFinder } from '../runs/response-finder.js';
import { ReceivingBudget } from '../receiving/receiving-budget.js';
import { ModelDirectory } from '../runs/model-directory.js';
import { WorkerWatch } from '../runs/worker-watch.js';
import { FileReader } from '../attachments/file-reader.js';
import { TokenCounter } from '../tokens/token-counter.js';

/** The parts that feature modules share. Each module takes from here what its controllers need. */
export interface ApiCore extends ExchangeParts {
  readonly desk: RunDesk;
  readonly models: ModelDirectory;
  readonly prices: PriceTable;
  readonly workers: WorkerWatch;
  readonly counter: TokenCounter;
  readonly files: FileReader;
  readonly receiving: ReceivingBudget;
  readonly meters: ApiMeters;
  readonly messageCharsMax: number;
  readonly serverCalls: 'mcp_call' | 'function_call';
  readonly approvalsInChat: 'say' | 'deny' | 'wait';
  /** Whether API keys are configured. */
  readonly isKeyed: boolean;
  readonly once: CreateOnce;
  readonly finder: ResponseFinder;
  readonly history: HistoryReader;
}

export function buildCore({ config, logger, closers, drain }: ApiParts, ports: ApiPorts, meters: ApiMeters): ApiCore {
  const { defaultName, aliases, rememberedSeconds } = config.models;
  const workers = new WorkerWatch(logger, config.api.noWorkerSeconds);
  const names = { defaultName, aliases, rememberedSeconds };
  const models = closers.own(new ModelDirectory(ports.registry, names, logger, workers), (m) => m.close());
  const ofKeys = new Map(config.auth.limits.map((limits) => [limits.name, limits]));
  const { queuedMax, queuedPerKeyMax, orderBytesPerKeyMax } = config.api;
  const room = {
    queuedMax,
    orderBytesMax: orderBytesPerKeyMax,
    waitingMaxOf: (owner: string) => ofKeys.get(owner)?.queuedMax ?? queuedPerKeyMax,
    slots: () => models.slots,
  };
  const runs = new Runs({
    ...ports,
    room,
    onUnsettled: ({ cause, runId, what }) => logger.warn({ err: cause, runId }, what),
  });
  const admission = new Admission({ ...config.api, ofKeys });
  const sweep = closers.own(new StreamSweep(config.api.sseKeepaliveMs, meters.streamCut), (s) => s.close());
  const exchanges = new Exchanges();
  drain.onDrain((deadline) => exchanges.drain(deadline));
  const desk = new RunDesk({ runs, idempotency: ports.idempotency, store: ports.store, logger });
  return {
    runs,
    admission,
    exchanges,
    sweep,
    logger,
    desk,
    models,
    prices: priceTable(config.models),
    workers,
    receiving: new ReceivingBudget(config.api),
    counter: closers.own(new TokenCounter(), (c) => c.close()),
    files: closers.own(new FileReader(), (f) => f.close()),
    meters,
    messageCharsMax: config.api.messageCharsMax,
    serverCalls: config.api.responsesServerCalls,
    approvalsInChat: config.approvals.inChat,
    isKeyed: config.auth.keys.length > 0,
    once: new CreateOnce(ports.idempotency, logger),
    finder: new ResponseFinder(runs, ports.log),
    history: historyReader(ports),
  };
}
