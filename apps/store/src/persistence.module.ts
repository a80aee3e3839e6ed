import { startPersistWorker } from '#libs/bus';
import { priceTable } from '#libs/config';
import { toldSeldom } from '#libs/platform';
import { SchemaTooNewError } from '#libs/store';
import { Module, type DynamicModule } from '@nestjs/common';
import { persistRuns } from './persist-runs.js';
import { startRetention } from './retention.js';
import type { StoreCore } from './store-core.js';
import { TextIndexer } from './text-indexer.js';

/** Batches under way at the same time: one is read while another is written. */
const BATCHES_AT_ONCE_MAX = 4;

/** Makes rows of finished runs, and deletes old rows. */
@Module({})
export class PersistenceModule {
  /** `running` resolves once runs are being taken, and rejects when the database can never be used. */
  static for(core: StoreCore): { module: DynamicModule; running: Promise<void> } {
    return { module: { module: PersistenceModule }, running: takeFinishedRuns(core) };
  }
}

async function takeFinishedRuns(core: StoreCore): Promise<void> {
  const { config, connection, db, drain, log, logger, meters } = core;
  const opened = await core.opened.catch(asStartFailure);
  if (!opened || drain.draining) return;
  const texts = new TextIndexer({ db, logger, now: () => performance.now() });
  const worker = startPersistWorker({
    connection,
    concurrency: BATCHES_AT_ONCE_MAX,
    handle: meters.measure(persistRuns({ log, db, logger, meters, texts, prices: priceTable(config.models) })),
    onError: toldSeldom((cause, leftOut) =>
      logger.warn({ err: cause, leftOut }, 'runs could not be stored; they will come again'),
    ),
  });
  drain.onDrain(() => worker.close());
  drain.onDrain(() => texts.close());
  drain.onDrain(startRetention({ db, logger, now: Date.now, texts }, config.store));
  logger.info('the database is open; taking finished runs');
}

/**
 * A schema that is too new is an operator's mistake, like a bad setting. The launcher recognises this error by its name
 * and does not restart the store.
 */
function asStartFailure(cause: unknown): never {
  if (!(cause instanceof SchemaTooNewError)) throw cause;
  const failure = new Error(cause.message, { cause });
  failure.name = 'ConfigError';
  throw failure;
}
