import { checkUpstreamState, isJsonObject, type JsonObject, type ModelEvent } from '#libs/contract';
import type { CallIds } from '../upstream/answers/call-ids.js';
import { CallArguments } from './call-arguments.js';

interface Call {
  readonly callId: string;
  /** The id from the upstream; empty when it sends none. */
  readonly upstreamId: string;
  readonly args: CallArguments;
  name: string;
  /** The listener knows of the call, so its name is final. */
  announced: boolean;
  /** State that came before the call was announced. */
  extraContent?: JsonObject;
}

/**
 * Joins the fragments of tool calls. By the specification each fragment has the `index` of its call; the first one also
 * has the `id` and the whole name, the others have pieces of the arguments. Servers also send:
 * - calls that all have index 0 but different ids (Ollama, Gemini's compatible endpoint)
 * - no id, or no index
 * - the name again in every fragment, or in pieces
 * - arguments as an object, or none at all
 *
 * A call is announced when its first arguments arrive, when the next call begins, or when the answer ends, because its
 * name is complete then.
 */
export class ChatToolCalls {
  private readonly calls: Call[] = [];
  /** The newest call at each index. */
  private readonly open = new Map<number, Call>();

  constructor(
    private readonly ids: CallIds,
    private readonly emit: (event: ModelEvent) => void,
  ) {}

  /** Takes the `tool_calls` of one delta, or of a whole message. */
  read(fragments: readonly unknown[]): void {
    fragments.forEach((fragment, position) => {
      if (isJsonObject(fragment)) this.readFragment(fragment, position);
    });
  }

  /**
   * Announces the remaining calls; returns the number of calls. A call without arguments gets an empty object unless
   * cut.
   */
  end({ isCut }: { isCut: boolean }): number {
    for (const call of this.calls) {
      this.finish(call);
      if (call.args.isEmpty && !isCut) this.tellArguments(call, '{}');
    }
    return this.calls.length;
  }

  private readFragment(fragment: JsonObject, position: number): void {
    const { name, text } = partsOf(fragment['function']);
    const call = this.callOf(fragment, position, { name, text });
    if (!call.announced) call.name = joinName(call.name, name);
    this.readState(call, fragment['extra_content']);
    if (text === '') return;
    this.tellArguments(call, call.args.add(text));
  }

  /** Gemini's signature of a call; usually beside the call's first fragment. */
  private readState(call: Call, extraContent: unknown): void {
    if (!isJsonObject(extraContent)) return;
    checkUpstreamState(JSON.stringify(extraContent).length);
    if (call.announced) this.emit({ type: 'tool_extra', callId: call.callId, extraContent });
    else call.extraContent = extraContent;
  }

  private callOf(fragment: JsonObject, position: number, { name, text }: Parts): Call {
    const id = typeof fragment['id'] === 'string' ? fragment['id'] : '';
    const index = this.indexOf(fragment, position, id);
    const known = this.open.get(index);
    if (known && !beginsAnother(known, { id, name, text })) return known;
    const before = this.calls.at(-1);
    if (before) this.finish(before);
    const call: Call = {
      callId: this.ids.give(id, this.calls.length),
      upstreamId: id,
      args: new CallArguments(),
      name: '',
      announced: false,
    };
    this.calls.push(call);
    this.open.set(index, call);
    return call;
  }

  private indexOf(fragment: JsonObject, position: number, id: string): number {
    if (typeof fragment['index'] === 'number') return fragment['index'];
    if (id === '') return position;
    for (const [index, call] of this.open) if (call.upstreamId === id) return index;
    // A new index after all open ones, so that no other call has it. A step has few calls, see CallIds.
    return Math.max(-1, ...this.open.keys()) + 1;
  }

  private tellArguments(call: Call, delta: string): void {
    if (delta === '') return;
    this.announce(call);
    this.emit({ type: 'tool_arguments', callId: call.callId, delta });
  }

  private finish(call: Call): void {
    this.announce(call);
    this.tellArguments(call, call.args.flush());
  }

  private announce(call: Call): void {
    if (call.announced) return;
    call.announced = true;
    const { callId, name, extraContent } = call;
    this.emit({ type: 'tool_call', callId, name, ...(extraContent && { extraContent }) });
  }
}

interface Parts {
  readonly name: string;
  readonly text: string;
}

function partsOf(part: unknown): Parts {
  if (!isJsonObject(part)) return { name: '', text: '' };
  const { name, arguments: args } = part;
  const text = typeof args === 'string' ? args : isJsonObject(args) ? JSON.stringify(args) : '';
  return { name: typeof name === 'string' ? name : '', text };
}

/**
 * Whether a fragment begins another call at an index that is in use: it has a name, and either a different id or,
 * without any id, arguments although those of the call before are complete.
 */
function beginsAnother(known: Call, { id, name, text }: Parts & { id: string }): boolean {
  if (name === '') return false;
  if (id !== '' && known.upstreamId !== '') return id !== known.upstreamId;
  return id === '' && known.upstreamId === '' && text !== '' && known.args.isClosed;
}

/** A name comes whole, whole again, growing, or in pieces. */
function joinName(known: string, name: string): string {
  if (known === name) return known;
  return name.startsWith(known) ? name : known + name;
}
