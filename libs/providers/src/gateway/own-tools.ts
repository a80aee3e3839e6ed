import { LIMITS, type JsonObject, type ModelEvent, type ModelRequest } from '#libs/contract';
import { CallIds } from '../upstream/answers/call-ids.js';
import { askOf, answerOf, type AskLine } from './asks.js';
import { upstreamError, type Upstream } from '../upstream/failures.js';
import { UPSTREAM_LIMITS } from '../upstream/limits.js';

interface OwnTool {
  readonly callId: string;
  readonly name: string;
  /** As the gateway says it; empty when it does not. */
  readonly theirId: string;
  /** The first versions of Hermes say that a tool begins, and nothing of its end. */
  readonly saysEnd: boolean;
  /** It waits for an answer, which we can give. */
  readonly isAsking?: boolean;
}

type Begun = Extract<ModelEvent, { type: 'own_tool' }>;

const BEGINNINGS: ReadonlySet<string> = new Set(['running', 'started', 'start']);
const ENDS: ReadonlySet<string> = new Set(['completed', 'complete', 'success', 'error', 'failed']);
const FAILURES: ReadonlySet<string> = new Set(['error', 'failed']);
/** Hermes hides internal tools by their name; this one is the model's thinking. */
const THINKING = '_thinking';
const SHOWN = /^[^_]/;

/**
 * The tools that a gateway runs, from its `hermes.tool.progress` events: `{tool, label, toolCallId, status}`, in the
 * first versions `{tool, label}` alone. A tool is known by its id. Without one the end of a tool is taken for that of
 * the first of this name that is open.
 */
export class OwnTools {
  private readonly ids: CallIds;
  private open: OwnTool[] = [];
  private count = 0;

  constructor(
    request: Pick<ModelRequest, 'messages'>,
    private readonly upstream: Pick<Upstream, 'name'>,
    /** The gateway's own run, where it names one. */
    private readonly runId: () => string | undefined = () => undefined,
    /** Takes answers to their approvals. Absent: nobody there takes any. */
    private readonly line?: AskLine,
  ) {
    this.ids = new CallIds(request.messages);
  }

  /** Throws `upstream_invalid` beyond UPSTREAM_LIMITS.ownToolsMax. */
  read(news: JsonObject): ModelEvent[] {
    const { name, label, status, theirId } = factsOf(news);
    if (name === THINKING && label !== '') return [{ type: 'reasoning', text: label }];
    if (!SHOWN.test(name)) return [];
    const known = this.open.find((tool) => (theirId === '' ? tool.name === name : tool.theirId === theirId));
    if (ENDS.has(status)) return known ? [this.end(known, news, status)] : [];
    if (status === '') return [...this.endSilent(), this.begin({ name, label, theirId, saysEnd: false })];
    const isBeginning = BEGINNINGS.has(status);
    if (known?.isAsking) return this.answered(known, news, isBeginning);
    const asking = this.ask({ name, label, theirId, status }, news, known);
    if (asking) return [asking];
    // Without ids a second beginning is a second tool.
    if (known && isBeginning && theirId !== '') return [];
    if (isBeginning) return [this.begin({ name, label, theirId, saysEnd: true })];
    const told = (callId: string): ModelEvent => ({
      type: 'own_tool_progress',
      callId,
      text: wordsOf(news, status, this.runId()),
    });
    if (known) return [told(known.callId)];
    const begun = this.begin({ name, label, theirId, saysEnd: true });
    return [begun, told(begun.callId)];
  }

  private begin({ name, label, ...more }: Omit<OwnTool, 'callId'> & { readonly label: string }): Begun {
    if (++this.count > UPSTREAM_LIMITS.ownToolsMax) {
      throw upstreamError(this.upstream.name, 'upstream_invalid', 'told of too many tools');
    }
    // The step's bound of calls is for calls that we carry out.
    const callId = this.ids.give(more.theirId.slice(0, CALL_ID_CHARS_MAX) || `tool_${this.count}`, 0);
    this.open.push({ callId, name, ...more });
    const about = label !== '' && label !== name && { about: label };
    return { type: 'own_tool', callId, name, ...about };
  }

  private ask({ name, label, theirId, status }: Facts, news: JsonObject, known?: OwnTool): Begun | undefined {
    const asks = known || theirId === '' ? undefined : askOf(news, status, this.runId(), this.line);
    return asks && { ...this.begin({ name, label, theirId, saysEnd: true, isAsking: true }), asks };
  }

  /** A tool that begins was allowed, by whomever. */
  private answered(tool: OwnTool, news: JsonObject, isBeginning: boolean): ModelEvent[] {
    const answer = isBeginning ? ({ decision: 'once', by: 'user' } as const) : answerOf(news);
    if (!answer) return [];
    this.open = this.open.map((one) => (one === tool ? { ...tool, isAsking: false } : one));
    return [{ type: 'own_tool_answered', callId: tool.callId, ...answer }];
  }

  private end(tool: OwnTool, news: JsonObject, status: string): ModelEvent {
    this.open = this.open.filter((one) => one !== tool);
    const output = textOf(news['result'] ?? news['output']).slice(0, UPSTREAM_LIMITS.ownToolTextCharsMax);
    const { duration } = news;
    return {
      type: 'own_tool_end',
      callId: tool.callId,
      isError: news['is_error'] === true || news['error'] === true || FAILURES.has(status),
      ...(output !== '' && { output }),
      ...(typeof duration === 'number' && duration >= 0 && { durationMs: Math.round(duration * 1_000) }),
    };
  }

  /** A tool of which no end is told has ended when the next one begins. */
  private endSilent(): ModelEvent[] {
    const silent = this.open.filter(({ saysEnd }) => !saysEnd);
    this.open = this.open.filter(({ saysEnd }) => saysEnd);
    return silent.map(({ callId }) => ({ type: 'own_tool_end', callId, isError: false }));
  }
}

const CALL_ID_CHARS_MAX = 128;

interface Facts {
  readonly name: string;
  readonly label: string;
  readonly status: string;
  readonly theirId: string;
}

/** The fields by all the names that versions of Hermes gave them; empty for what is not said. */
const factsOf = (news: JsonObject): Facts => ({
  name: textOf(news['tool']).slice(0, LIMITS.toolNameCharsMax),
  label: textOf(news['label'] ?? news['preview']).slice(0, UPSTREAM_LIMITS.ownToolTextCharsMax),
  status: textOf(news['status']).toLowerCase(),
  theirId: textOf(news['toolCallId'] ?? news['tool_call_id'] ?? news['id']),
});

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** What somebody has to know who watches: above all that the gateway waits for an answer, which only it can take. */
function wordsOf(news: JsonObject, status: string, runId = ''): string {
  const request = textOf(news['request_id']);
  const words = status.replaceAll('_', ' ');
  const whose = runId === '' ? 'of the upstream' : `of run ${runId} of the upstream`;
  if (request !== '') return `${words} (request ${request} ${whose})`.slice(0, 256);
  return (ASKS.test(status) ? `${words} (${whose})` : words).slice(0, 256);
}

/** Without the number of a request somebody has to find the run there. */
const ASKS = /approval/;
