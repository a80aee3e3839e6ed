import type { PriceTable } from '#libs/contract';
import { runObject, runSummary } from '#libs/protocols';
import type { Runs } from '#libs/runs';
import type { Page, RunObject, RunSummary } from '#libs/wire';
import type { RunList, RunListOrder } from './run-list.js';

/** Runs as /v1/runs shows them, with what they have cost. */
export class RunObjects {
  constructor(
    private readonly runs: Runs,
    private readonly list: RunList,
    private readonly prices: PriceTable,
  ) {}

  /** One page, the newest first. Throws GatewayError `invalid_cursor`. */
  async page(order: RunListOrder): Promise<Page<RunSummary>> {
    const { runs, next } = await this.list.page(order);
    const data = runs.map((run) => runSummary(run, this.prices));
    return { object: 'list', data, has_more: next !== undefined, next: next ?? null };
  }

  /** Throws GatewayError `run_not_found`. */
  async get(id: string, owner: string): Promise<RunObject> {
    return runObject(await this.runs.get(id, owner), this.prices);
  }
}
