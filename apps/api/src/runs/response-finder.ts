import {
  GatewayError,
  isJsonObject,
  type JsonObject,
  type RunHead,
  type RunJournal,
  type RunSnapshot,
} from '#libs/contract';
import { openaiResponses, runIdOfResponse } from '#libs/protocols';
import { isRunId, type Runs } from '#libs/runs';

/** The facts about a response that need no full read. */
export type FoundResponse =
  | { readonly kind: 'logged'; readonly runId: string; readonly head: RunHead; readonly echo: JsonObject }
  | { readonly kind: 'stored'; readonly runId: string; readonly snapshot: RunSnapshot; readonly echo: JsonObject };

type Which = 'stored only' | 'unstored too' | 'any protocol';

/**
 * Finds the responses of an owner among the runs. These are not responses: a run of another protocol, a response made
 * with `store: false`, a deleted one, and everything of other owners.
 */
export class ResponseFinder {
  constructor(
    private readonly runs: Runs,
    private readonly log: RunJournal,
  ) {}

  /** Throws GatewayError `response_not_found`, and `unavailable` when only the store could know it and is away. */
  async find(responseId: string, owner: string): Promise<FoundResponse> {
    const runId = runIdOfResponse(responseId);
    const found = runId === undefined ? undefined : await this.lookUp(runId, owner, 'stored only');
    if (!found) throw new GatewayError('response_not_found', 'There is no response with this id.', { param: 'id' });
    return found;
  }

  /** Everything about a response. Throws like `find`. */
  async snapshot(responseId: string, owner: string): Promise<RunSnapshot> {
    const found = await this.find(responseId, owner);
    return found.kind === 'stored' ? found.snapshot : this.runs.get(found.runId, owner);
  }

  /**
   * @param which 'unstored too' also finds a response that is not stored, as long as its log lives; 'any protocol'
   *   finds every run except such a response.
   * @returns undefined when there is none.
   */
  async lookUp(runId: string, owner: string, which: Which): Promise<FoundResponse | undefined> {
    if (!isRunId(runId)) return undefined;
    const found = await this.runs.find(runId, owner).catch(asUndefined);
    if (!found) return undefined;
    if (found.kind === 'stored') {
      const { snapshot } = found;
      return isReadable(snapshot, which) ? { ...found, runId, echo: snapshot.echo } : undefined;
    }
    const [first] = await this.log.read(runId, 0, 1);
    if (first?.type !== 'run.queued' || !isReadable(first, which)) return undefined;
    return { kind: 'logged', runId, head: found.head, echo: first.echo };
  }
}

function isReadable(
  { protocol, echo }: { readonly protocol: string; readonly echo: JsonObject },
  which: Which,
): boolean {
  if (protocol !== openaiResponses.name) return which === 'any protocol';
  const { fields } = echo;
  // The store keeps no echo of a run whose content is not kept.
  if (!isJsonObject(fields)) return false;
  return which === 'unstored too' || fields['store'] !== false;
}

function asUndefined(cause: unknown): undefined {
  if (cause instanceof GatewayError && cause.code === 'run_not_found') return undefined;
  throw cause;
}
