import {
  GatewayError,
  hasEnded,
  inputOf,
  type ContentPart,
  type JsonObject,
  type RunInput,
  type RunJournal,
  type RunSnapshot,
  type RunSpec,
} from '#libs/contract';
import type { Logger } from '#libs/platform';
import { foldLog, newRunId } from '#libs/runs';
import type { ConversationItem } from '#libs/store';

/** A run as it is in its log. The input is absent when the content of the run is not to be stored. */
export interface LoggedRun {
  readonly snapshot: RunSnapshot;
  readonly input?: RunInput;
  /** What the ended run adds to its conversation. */
  readonly turn?: {
    readonly conversationId: string;
    readonly conversationMadeAt?: number;
    readonly items: readonly ConversationItem[];
  };
}

export interface ReadPorts {
  readonly log: RunJournal;
  readonly logger: Logger;
}

/**
 * Folds a log and adds the parts of the run's spec that are stored. Returns undefined, and logs it, when the log no
 * longer exists or has lost its beginning.
 */
export async function readLoggedRun(ports: ReadPorts, runId: string): Promise<LoggedRun | undefined> {
  const [snapshot, spec] = await Promise.all([readSnapshot(ports, runId), readSpec(ports, runId)]);
  if (!snapshot) return undefined;
  const turn = spec && (await turnOf(spec, snapshot));
  if (spec?.retain === false) return { snapshot: withoutContent(snapshot), ...(turn && { turn }) };
  return { snapshot, ...(spec && { input: inputOf(spec) }), ...(turn && { turn }) };
}

/** A failed run adds nothing: the client repeats its request, whose items would then be there twice. */
async function turnOf(spec: RunSpec, snapshot: RunSnapshot): Promise<LoggedRun['turn']> {
  const { conversationId, conversationMadeAt, input, runId } = spec;
  if (conversationId === undefined || !hasEnded(snapshot) || snapshot.status === 'failed') return undefined;
  // Loaded at the first use, which saves memory in a store without conversations.
  const { inputItemsOf, outputItems } = await import('#libs/protocols');
  const items = [...inputItemsOf(input ?? [], runId), ...outputItems(snapshot, 'sealed')];
  // Items without an id get one. Ids made from a new run's id cannot be in use yet.
  const spare = inputItemsOf(items.map(withoutId), newRunId());
  return {
    conversationId,
    ...(conversationMadeAt !== undefined && { conversationMadeAt }),
    items: items.map((item, i) => ({ id: String(item['id']), item, spareId: String(spare[i]?.['id']) })),
  };
}

const withoutId = ({ id: _, ...item }: JsonObject): JsonObject => item;

function withoutContent({ steers: _, leftover: __, ...rest }: RunSnapshot): RunSnapshot {
  return { ...rest, items: [], echo: {}, contentKept: false };
}

/** The approximate size of the run in memory, in characters. */
export function charsOf({ snapshot, input }: LoggedRun): number {
  const own = snapshot.items.reduce((sum, item) => {
    const size = item.type === 'tool_call' ? item.arguments.length + (item.output?.length ?? 0) : item.text.length;
    return sum + size;
  }, 0);
  return (input?.messages ?? []).reduce((sum, message) => {
    if (message.role === 'tool') return sum + message.output.length;
    if (message.role === 'assistant') return sum + message.text.length;
    const parts = typeof message.content === 'string' ? [] : message.content;
    const text = typeof message.content === 'string' ? message.content.length : 0;
    return sum + text + parts.reduce((all, part) => all + charsOfPart(part), 0);
  }, own);
}

const charsOfPart = (part: ContentPart): number =>
  ('url' in part ? part.url.length : 0) + ('text' in part ? (part.text?.length ?? 0) : 0);

async function readSnapshot({ log, logger }: ReadPorts, runId: string): Promise<RunSnapshot | undefined> {
  const snapshot = await foldLog(log, runId);
  if (snapshot.runId === runId) return snapshot;
  if (snapshot.lastSeq === 0) logger.info({ runId }, 'the log of a run to store has expired: it was stored before');
  else logger.error({ runId, lastSeq: snapshot.lastSeq }, 'the log of a run has lost its beginning; it is not stored');
  return undefined;
}

/** When this version cannot read a spec, the run loses its input but keeps its row. */
async function readSpec({ log, logger }: ReadPorts, runId: string): Promise<RunSpec | undefined> {
  try {
    return await log.spec(runId);
  } catch (cause) {
    if (!(cause instanceof GatewayError) || cause.code !== 'internal_error') throw cause;
    logger.error({ runId }, 'the order of a run cannot be read; it is stored without its input');
    return undefined;
  }
}
