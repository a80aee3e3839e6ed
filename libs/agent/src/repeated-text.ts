import type { ModelCandidate, ModelEvent, OutputItem, RunSnapshot } from '#libs/contract';

/** A step that a lost worker left in the middle of a text, part of which listeners have seen. */
export interface ShownStep {
  readonly step: number;
  readonly kind: 'text' | 'refusal';
  /** All text of the step so far. */
  readonly text: string;
  readonly upstream: string;
  readonly model: string;
}

/**
 * The open step of this run, if the answer of another model call could continue it: listeners saw text of one kind
 * only, apart from reasoning before it. Undefined for a step with logprobs, because logprobs are not compared.
 */
export function shownStep(snapshot: RunSnapshot): ShownStep | undefined {
  const last = snapshot.steps.at(-1);
  if (last?.status !== 'in_progress') return undefined;
  const items = snapshot.items.filter((item) => item.step === last.step);
  const said = items.filter((item) => item.type !== 'reasoning');
  const kind = said[0]?.type;
  if ((kind !== 'text' && kind !== 'refusal') || items.at(-1)?.type !== kind) return undefined;
  if (!said.every((item) => item.type === kind && !hasLogprobs(item) && item.image === undefined)) return undefined;
  const text = said.map((item) => (item.type === kind ? item.text : '')).join('');
  return text === '' ? undefined : { step: last.step, kind, text, upstream: last.upstream, model: last.model };
}

const hasLogprobs = (item: OutputItem): boolean => item.type !== 'tool_call' && item.logprobs !== undefined;

export interface Comparison {
  /** The new answer begins with everything that was shown, so the step continues. */
  readonly repeats: boolean;
  /**
   * Events still to be emitted: in the shown step if the answer repeats it, otherwise everything read so far, in a new
   * step.
   */
  readonly events: readonly ModelEvent[];
}

/**
 * Reads an answer until it is clear whether the answer repeats what was shown. Reasoning is not compared, because a
 * model may think differently and then say the same. Sealed reasoning is emitted again, because its upstream expects it
 * back.
 */
export async function compareWithShown(
  shown: ShownStep,
  candidate: ModelCandidate,
  answer: AsyncIterator<ModelEvent>,
): Promise<Comparison> {
  const read: ModelEvent[] = [];
  if (candidate.provider.upstream !== shown.upstream || candidate.model !== shown.model) {
    return { repeats: false, events: read };
  }
  let rest = shown.text;
  for (;;) {
    const next = await answer.next();
    if (next.done) return { repeats: false, events: read };
    const event = next.value;
    read.push(event);
    // Citations were shown together with the words that they belong to.
    if (event.type === 'reasoning' || event.type === 'citations') continue;
    if (event.type !== shown.kind || ('logprobs' in event && event.logprobs)) return { repeats: false, events: read };
    if (event.text.startsWith(rest)) {
      const more = event.text.slice(rest.length);
      const unheard: ModelEvent[] = more === '' ? [] : [{ type: shown.kind, text: more }];
      return { repeats: true, events: [...sealedReasoning(read), ...unheard] };
    }
    if (!rest.startsWith(event.text)) return { repeats: false, events: read };
    rest = rest.slice(event.text.length);
  }
}

/** The blocks of reasoning that end with a seal, each as one event. */
function sealedReasoning(events: readonly ModelEvent[]): ModelEvent[] {
  const blocks: ModelEvent[] = [];
  let text = '';
  for (const event of events) {
    if (event.type !== 'reasoning') continue;
    text += event.text;
    if (!event.seal) continue;
    blocks.push({ type: 'reasoning', text, seal: event.seal });
    text = '';
  }
  return blocks;
}
