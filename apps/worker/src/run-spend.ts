import type { SpendPorts } from '#libs/agent';
import { GatewayError, SPEND_FIELDS, type RunSpec, type SpendLedger } from '#libs/contract';
import type { ModelPrices } from './models/spend-terms.js';

export interface SpendParts extends ModelPrices {
  readonly ledger: SpendLedger;
}

type Fund = 'session' | 'job';

/**
 * The funds of a run, by what they bound. Sessions of two keys may have the same id; the id of a job is its own, also
 * when it moves to another key, and what it has spent goes with it.
 */
function fundsOf({ owner, sessionId, jobId, spend = {} }: RunSpec): ReadonlyMap<Fund, string> {
  const funds = new Map<Fund, string>();
  if (spend.session !== undefined && sessionId !== undefined) {
    funds.set('session', JSON.stringify(['session', owner, sessionId]));
  }
  if (spend.job !== undefined && jobId !== undefined) funds.set('job', JSON.stringify(['job', jobId]));
  return funds;
}

/**
 * What bounds the cost of a run. undefined when nothing does. Throws GatewayError `invalid_request` that names the
 * bound when the model has no price: the API has checked this, but the model may be another one since.
 */
export function runSpend(parts: SpendParts, spec: RunSpec): SpendPorts | undefined {
  const { runId, model, spend } = spec;
  if (!spend) return undefined;
  const { ledger, prices, termsOf } = parts;
  const terms = termsOf(model);
  if (!terms) {
    const scope = (['run', 'session', 'job'] as const).find((name) => spend[name] !== undefined) ?? 'run';
    const param = SPEND_FIELDS[scope];
    throw new GatewayError('invalid_request', `'${param}' needs a price, and the model has none.`, { param });
  }
  const funds = fundsOf(spec);
  const fundOf = (scope: Fund): string => funds.get(scope) ?? '';
  const { run } = spend;
  return {
    limits: {
      ...(run !== undefined && { run }),
      ...(funds.has('session') && { session: spend.session ?? 0 }),
      ...(funds.has('job') && { job: spend.job ?? 0 }),
    },
    prices,
    ...terms,
    reserve: (scope, ask) => ledger.reserve(fundOf(scope), runId, ask),
    settle: (scope, spent) => ledger.settle(fundOf(scope), runId, spent),
  };
}

/** The run has ended. Rejects like `SpendLedger.close`; the run then counts singly for as long as the fund is kept. */
export async function closeSpend({ ledger }: SpendParts, spec: RunSpec): Promise<void> {
  for (const fund of fundsOf(spec).values()) await ledger.close(fund, spec.runId);
}
