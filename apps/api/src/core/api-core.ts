import { historyReader, type HistoryReader } from '#libs/history';
import { Admission } from '../runs/admitting/admission.js';
import { RunDesk } from '../runs/admitting/run-desk.js';
import type { ApiParts, ApiPorts } from './api-ports.js';
import { StreamSweep } from '../answering/event-stream.js';
import { Exchanges } from '../answering/exchanges.js';
import type { ExchangeParts } from '../answering/run-exchange.js';
import type { ApiMeters } from '../edge/api-meters.js';
import { CreateOnce } from '../runs/admitting/create-once.js';
import { ResponseFinder } from '../runs/response-finder.js';
import { Listeners } from '../runs/listeners.js';
import { ModelDirectory } from '../runs/model-directory.js';
import { RunService } from '../runs/run-service.js';
import { TurnDesk } from '../runs/placing/turn-desk.js';
import { TokenCounter } from '../tokens/token-counter.js';

/** What the feature modules share. Each of them takes from here what its controllers need. */
export interface ApiCore extends ExchangeParts {
  readonly desk: RunDesk;
  readonly models: ModelDirectory;
  readonly listeners: Listeners;
  readonly counter: TokenCounter;
  readonly meters: ApiMeters;
  readonly messageCharsMax: number;
  /** API keys are configured. */
  readonly isKeyed: boolean;
  readonly once: CreateOnce;
  readonly finder: ResponseFinder;
  readonly history: HistoryReader;
}

export function buildCore({ config, logger, closers, drain }: ApiParts, ports: ApiPorts, meters: ApiMeters): ApiCore {
  const runs = new RunService(ports);
  const models = closers.own(new ModelDirectory(ports.registry, config.models.defaultName, logger), (m) => m.close());
  const ofKeys = new Map(config.auth.limits.map((limits) => [limits.name, limits]));
  const admission = new Admission(ports.queue, { ...config.api, ofKeys }, () => models.slots);
  const sweep = closers.own(new StreamSweep(config.api.sseKeepaliveMs, meters.streamCut), (s) => s.close());
  const exchanges = new Exchanges();
  drain.onDrain((deadline) => exchanges.drain(deadline));
  const turns = new TurnDesk(ports);
  const desk = new RunDesk({ runs, admission, turns, idempotency: ports.idempotency, store: ports.store, logger });
  return {
    runs,
    admission,
    exchanges,
    sweep,
    logger,
    desk,
    models,
    listeners: new Listeners(),
    counter: closers.own(new TokenCounter(), (c) => c.close()),
    meters,
    messageCharsMax: config.api.messageCharsMax,
    isKeyed: config.auth.keys.length > 0,
    once: new CreateOnce(ports.idempotency, logger),
    finder: new ResponseFinder(runs, ports.log),
    history: historyReader(ports),
  };
}
