import {
  GatewayError,
  isJsonObject,
  type JsonObject,
  type RunIndex,
  type ItemPageQuery,
  type StoredRuns,
} from '#libs/contract';
import type { HistoryReader } from '#libs/history';
import { inputItemsOf, responseObject } from '#libs/protocols';
import type { Runs } from '#libs/runs';
import { deleteRun } from '../runs/delete-run.js';
import { itemList, pageOf } from './item-page.js';
import type { FoundResponse, ResponseFinder } from '../runs/response-finder.js';

export interface ResponseDeskParts {
  readonly runs: Runs;
  readonly log: RunIndex;
  readonly store: Pick<StoredRuns, 'deleteRun'>;
  readonly history: HistoryReader;
  readonly finder: ResponseFinder;
}

/** Everything that can be done with an existing response. All methods throw like `ResponseFinder.find`. */
export class ResponseDesk {
  constructor(private readonly parts: ResponseDeskParts) {}

  async get(id: string, owner: string): Promise<JsonObject> {
    return responseObject(await this.parts.finder.snapshot(id, owner));
  }

  /**
   * For background responses only. Ends the run and waits a little for that. Changes nothing when the run has ended.
   */
  async cancel(id: string, owner: string): Promise<JsonObject> {
    const found = await this.parts.finder.find(id, owner);
    if (!isBackground(found)) {
      throw new GatewayError('invalid_request', 'Only a response with background: true can be cancelled.', {
        param: 'id',
      });
    }
    if (found.kind === 'logged' && !found.head.ended) await this.parts.runs.stop(found.runId, owner);
    return responseObject(await this.parts.runs.get(found.runId, owner));
  }

  /** See `deleteRun`. */
  async delete(id: string, owner: string): Promise<JsonObject> {
    const found = await this.parts.finder.find(id, owner);
    await deleteRun(this.parts, found.runId, found);
    return { id, object: 'response', deleted: true };
  }

  /** The response's own input, without that of earlier responses. */
  async inputItems(id: string, owner: string, query: ItemPageQuery): Promise<JsonObject> {
    const { runId } = await this.parts.finder.find(id, owner);
    const turn = await this.parts.history.turn(runId);
    return itemList(pageOf(inputItemsOf(turn?.input?.items ?? [], runId), query));
  }
}

function isBackground({ echo }: FoundResponse): boolean {
  const { fields } = echo;
  return isJsonObject(fields) && fields['background'] === true;
}
