import { isJsonObject, type JsonObject, type JsonValue } from '#libs/contract';
import { readStream } from './transcript.js';

export interface ReadCall {
  id: string;
  name: string;
  arguments: string;
}

/** A Chat Completions stream as a strict client reads it. */
export interface ReadChat {
  readonly content: string;
  readonly reasoning: string;
  readonly refusal: string;
  readonly calls: readonly ReadCall[];
  readonly finish: string | null;
  readonly error: JsonObject | null;
  readonly chunks: readonly JsonObject[];
  readonly sideEvents: readonly JsonObject[];
}

/**
 * Reads a whole stream, and throws when it breaks a rule of the wire: every frame is JSON, exactly one [DONE] at the
 * end, the same identity in all chunks, dense call indexes, names in first fragments only, one finish_reason at most.
 */
export function readChat(text: string): ReadChat {
  const { frames, comments } = readStream(text);
  must(comments.length === 0, 'no comments');
  must(frames.at(-1)?.data === '[DONE]', '[DONE] at the end');
  const reader = new ChatReader();
  for (const { event, data, id } of frames.slice(0, -1)) {
    must(id === undefined, 'no id');
    const body = JSON.parse(data) as JsonValue;
    must(isJsonObject(body), 'every frame is an object');
    reader.take(body, event);
  }
  return reader;
}

class ChatReader implements ReadChat {
  content = '';
  reasoning = '';
  refusal = '';
  readonly calls: ReadCall[] = [];
  finish: string | null = null;
  error: JsonObject | null = null;
  readonly chunks: JsonObject[] = [];
  readonly sideEvents: JsonObject[] = [];

  take(body: JsonObject, event: string | undefined): void {
    must(this.error === null, 'nothing between an error and [DONE]');
    if (isJsonObject(body['error'])) {
      this.error = body['error'];
      must(this.finish === null, 'no finish_reason with an error');
      must(
        Object.keys(body).join() === 'error' && Object.keys(this.error).join() === 'message,type,param,code',
        'envelope',
      );
      return;
    }
    must(!('error' in body), 'no error in a healthy frame');
    this.identify(body);
    if (event === undefined) this.chunks.push(body);
    else this.sideEvents.push(body);
    const choices = body['choices'];
    must(Array.isArray(choices), 'choices in every frame');
    if (choices.length === 0)
      return must(this.finish !== null && isJsonObject(body['usage']), 'usage chunk after the finish');
    must(choices.length === 1, 'one choice');
    this.takeChoice(choices[0] as JsonObject, event);
  }

  private identify({ id, object, created, model }: JsonObject): void {
    const [first] = [...this.chunks, ...this.sideEvents];
    must(object === 'chat.completion.chunk', 'object');
    must(!first || (first['id'] === id && first['created'] === created && first['model'] === model), 'one identity');
  }

  private takeChoice(choice: JsonObject, event: string | undefined): void {
    must(Object.keys(choice).join() === 'index,delta,logprobs,finish_reason', 'keys of a choice');
    must(this.finish === null, 'nothing after the finish_reason');
    const delta = choice['delta'] as JsonObject;
    const isSilent = Object.keys(delta).length === 0;
    if (event !== undefined) return must(isSilent && choice['finish_reason'] === null, 'a side event says nothing');
    const isFirst = this.chunks.length === 1;
    must(isFirst === 'role' in delta, 'the role in the first delta only');
    this.finish = choice['finish_reason'] as string | null;
    must(isSilent === (this.finish !== null), 'the finish has an empty delta, nothing else has');
    this.content += textOf(delta, 'content');
    this.reasoning += textOf(delta, 'reasoning_content');
    this.refusal += textOf(delta, 'refusal');
    for (const fragment of (delta['tool_calls'] ?? []) as readonly JsonObject[]) this.takeFragment(fragment);
  }

  private takeFragment(fragment: JsonObject): void {
    const index = fragment['index'] as number;
    const fn = fragment['function'] as JsonObject;
    if (index === this.calls.length) {
      must(Object.keys(fragment).join() === 'index,id,type,function' && fn['arguments'] === '', 'first fragment');
      this.calls.push({ id: textOf(fragment, 'id'), name: textOf(fn, 'name'), arguments: '' });
      return;
    }
    const call = this.calls[index];
    must(call !== undefined, 'dense indexes');
    must(Object.keys(fragment).join() === 'index,function' && Object.keys(fn).join() === 'arguments', 'later fragment');
    call.arguments += textOf(fn, 'arguments');
  }
}

function textOf(object: JsonObject, key: string): string {
  const value = object[key] ?? '';
  must(typeof value === 'string', `${key} is a string`);
  return value;
}

function must(isSo: boolean, rule: string): asserts isSo {
  if (!isSo) throw new Error(`the stream breaks the rule: ${rule}`);
}
