import type { ModelCandidate, ModelEvent, OutputItem, RunSnapshot } from '#libs/contract';

/** A step that a lost worker left in the middle of a text that listeners have seen. */
export interface ShownStep {
  readonly step: number;
  readonly kind: 'text' | 'refusal';
  /** All text of the step so far. */
  readonly text: string;
  readonly upstream: string;
  readonly model: string;
}

/**
 * The open step of this run, if the answer of another model call could go on in it: nothing but one kind of text was
 * shown, reasoning before it aside. Logprobs are not matched, so a step that has some is not.
 */
export function shownStep(snapshot: RunSnapshot): ShownStep | undefined {
  const last = snapshot.steps.at(-1);
  if (last?.status !== 'in_progress') return undefined;
  const items = snapshot.items.filter((item) => item.step === last.step);
  const said = items.filter((item) => item.type !== 'reasoning');
  const kind = said[0]?.type;
  if ((kind !== 'text' && kind !== 'refusal') || items.at(-1)?.type !== kind) return undefined;
  if (!said.every((item) => item.type === kind && !hasLogprobs(item))) return undefined;
  const text = said.map((item) => (item.type === kind ? item.text : '')).join('');
  return text === '' ? undefined : { step: last.step, kind, text, upstream: last.upstream, model: last.model };
}

const hasLogprobs = (item: OutputItem): boolean => item.type !== 'tool_call' && item.logprobs !== undefined;

export interface Comparison {
  /** The new answer begins with all that was shown: the step goes on. */
  readonly repeats: boolean;
  /** What is still to be emitted: in the shown step if it repeats, else everything that was read, for a new step. */
  readonly events: readonly ModelEvent[];
}

/**
 * Reads an answer as far as it must be read to know whether it repeats what was shown. Its reasoning is not compared: a
 * model that thinks differently and then says the same has said the same.
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
    if (event.type === 'reasoning') continue;
    if (event.type !== shown.kind || ('logprobs' in event && event.logprobs)) return { repeats: false, events: read };
    if (event.text.startsWith(rest)) {
      const more = event.text.slice(rest.length);
      return { repeats: true, events: more === '' ? [] : [{ type: shown.kind, text: more }] };
    }
    if (!rest.startsWith(event.text)) return { repeats: false, events: read };
    rest = rest.slice(event.text.length);
  }
}
