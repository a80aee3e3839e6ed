import { isJsonObject, type JsonObject, type JsonValue } from '#libs/contract';
import {
  checkAnnotation,
  checkItem,
  checkPart,
  checkResponse,
  count,
  listOf,
  object,
  oneOf,
  text,
  words,
  type Check,
} from './responses-schema.js';
import { readStream } from './transcript.js';

/** A Responses stream as a strict client reads it. */
export interface ReadResponses {
  readonly events: readonly JsonObject[];
  /** The output according to the events, put together from deltas and items, without the terminal event. */
  readonly output: readonly JsonObject[];
  /** The object of the terminal event; undefined when the stream had only an `error`. */
  readonly response?: JsonObject;
  /** The type of the terminal event. */
  readonly end: string;
}

/**
 * Reads a whole stream, and throws an Error that names the rule of the published order or schema that it breaks
 * (order of a response's stream). The rules are written here from the specification, not taken from the encoder.
 */
export function readResponses(stream: string): ReadResponses {
  const { frames: sent, comments } = readStream(stream);
  // Signs of life have no place in the order.
  const frames = sent.filter(({ event }) => event !== 'keepalive');
  must(comments.length === 0, 'no comments');
  must(frames.at(-1)?.data === '[DONE]', '[DONE] at the end');
  const reader = new ResponsesReader();
  frames.slice(0, -1).forEach(({ event, data, id }, i) => {
    must(id === undefined, 'no id: the cursor is sequence_number');
    const body = JSON.parse(data) as JsonValue;
    must(isJsonObject(body), 'every frame is an object');
    must(body['type'] === event, 'the event line repeats the type');
    must(body['sequence_number'] === i, `sequence_number counts from 0 (${String(body['sequence_number'])} at ${i})`);
    reader.take(body);
  });
  must(reader.end !== '', 'a terminal event');
  return reader;
}

const place = { item_id: words, output_index: count };
const contentPlace = { ...place, content_index: oneOf(0) };
const summaryPlace = { ...place, summary_index: oneOf(0) };
const lifecycle = { response: checkResponse };
const logprobs = listOf((value, path) => (isJsonObject(value) ? [] : [`${path} is no object`]));

/** The fields of each event besides `type` and `sequence_number`, exactly. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  'response.created': lifecycle,
  'response.queued': lifecycle,
  'response.in_progress': lifecycle,
  'response.completed': lifecycle,
  'response.failed': lifecycle,
  'response.incomplete': lifecycle,
  'response.output_item.added': { output_index: count, item: checkItem },
  'response.output_item.done': { output_index: count, item: checkItem },
  'response.content_part.added': { ...contentPlace, part: checkPart },
  'response.content_part.done': { ...contentPlace, part: checkPart },
  'response.output_text.delta': { ...contentPlace, delta: text, logprobs },
  'response.output_text.annotation.added': { ...contentPlace, annotation_index: count, annotation: checkAnnotation },
  'response.output_text.done': { ...contentPlace, text, logprobs },
  'response.refusal.delta': { ...contentPlace, delta: text },
  'response.refusal.done': { ...contentPlace, refusal: text },
  'response.function_call_arguments.delta': { ...place, delta: text },
  'response.function_call_arguments.done': { ...place, arguments: text, name: words },
  'response.image_generation_call.completed': place,
  'response.mcp_call.in_progress': place,
  'response.mcp_call.completed': place,
  'response.mcp_call.failed': place,
  'response.mcp_call_arguments.delta': { ...place, delta: text },
  'response.mcp_call_arguments.done': { ...place, arguments: text },
  'response.custom_tool_call_input.delta': { ...place, delta: text },
  'response.custom_tool_call_input.done': { ...place, input: text },
  'response.reasoning_summary_part.added': { ...summaryPlace, part: checkPart },
  'response.reasoning_summary_part.done': { ...summaryPlace, part: checkPart },
  'response.reasoning_summary_text.delta': { ...summaryPlace, delta: text },
  'response.reasoning_summary_text.done': { ...summaryPlace, text },
  error: {
    error: object({ message: text, type: words, param: (v, p) => (v === null ? [] : text(v, p)), code: words }),
  },
};

/** An item that was added, and how far its own events have come. */
interface OpenItem {
  readonly added: JsonObject;
  stage: 'added' | 'part' | 'text done' | 'part done' | 'closed';
  partType: string;
  /** Of an `mcp_call`: the word for its end. */
  outcome?: string;
  said: string;
  logprobs: JsonValue[];
  readonly annotations: JsonValue[];
  done?: JsonObject;
}

/** Which kind of item a part is in, which key of it holds its text, and how the events of its text begin. */
const PARTS: Readonly<Record<string, readonly [itemType: string, key: string, events: string]>> = {
  output_text: ['message', 'text', 'output_text.'],
  refusal: ['message', 'refusal', 'refusal.'],
  summary_text: ['reasoning', 'text', 'reasoning_summary_text.'],
};

/** The kinds of calls: which key holds what was said, and how the events of that begin. */
const CALLS: Readonly<Record<string, readonly [key: string, events: string]>> = {
  function_call: ['arguments', 'function_call_arguments.'],
  mcp_call: ['arguments', 'mcp_call_arguments.'],
  custom_tool_call: ['input', 'custom_tool_call_input.'],
};

class ResponsesReader implements ReadResponses {
  readonly events: JsonObject[] = [];
  response?: JsonObject;
  end = '';
  private readonly items: OpenItem[] = [];
  private stage: 'new' | 'created' | 'queued' | 'in progress' = 'new';

  get output(): JsonObject[] {
    return this.items.map((item) => item.done ?? item.added);
  }

  take(event: JsonObject): void {
    must(this.end === '', 'nothing between the terminal event and [DONE]');
    const { type, sequence_number: _, ...fields } = event;
    const shape = FIELDS[String(type)];
    must(shape !== undefined, `the event ${String(type)} is published`);
    const problems = object(shape)(fields, String(type));
    must(problems.length === 0, problems.join('; '));
    this.events.push(event);
    this.step(String(type).replace(/^response\./, ''), fields);
  }

  private step(type: string, fields: JsonObject): void {
    switch (type) {
      case 'created':
      case 'queued':
      case 'in_progress':
        return this.begin(type, fields['response'] as JsonObject);
      case 'completed':
      case 'failed':
      case 'incomplete':
        return this.finish(type, fields['response'] as JsonObject);
      case 'error':
        must(this.stage === 'new', 'an error alone comes only where there is no response to fail');
        this.end = 'error';
        return;
      case 'output_item.added':
        return this.add(fields['output_index'], fields['item'] as JsonObject);
      case 'output_item.done':
        return this.close(fields['output_index'], fields['item'] as JsonObject);
      default:
        return this.within(type, fields);
    }
  }

  private begin(type: string, response: JsonObject): void {
    const before = { created: ['new'], queued: ['created'], in_progress: ['created', 'queued'] }[type] ?? [];
    must(before.includes(this.stage), `response.${type} does not come when the stream is ${this.stage}`);
    must((response['output'] as readonly JsonValue[]).length === 0, `no output in response.${type}`);
    if (type !== 'created') must(response['status'] === type, `response.${type} has its own status`);
    this.sameIdentity(response);
    this.response ??= response;
    this.stage = type === 'in_progress' ? 'in progress' : (type as 'created' | 'queued');
  }

  private finish(type: string, response: JsonObject): void {
    must(this.stage === 'in progress', `response.${type} comes after response.in_progress`);
    const open = this.items.filter((item) => item.stage !== 'closed');
    must(open.length === 0, `all items are done before response.${type}`);
    const fits = type === 'failed' ? ['failed', 'cancelled'] : [type];
    must(fits.includes(String(response['status'])), `response.${type} with status ${String(response['status'])}`);
    must(same(response['output'], this.output), 'the terminal event has the output that was streamed');
    this.sameIdentity(response);
    this.response = response;
    this.end = `response.${type}`;
  }

  /** The fields of the request are the same in every object. */
  private sameIdentity(response: JsonObject): void {
    const changing = ['status', 'output', 'error', 'usage', 'incomplete_details', 'completed_at', 'service_tier'];
    for (const [key, value] of Object.entries(this.response ?? response)) {
      if (!changing.includes(key)) must(same(value, response[key]), `${key} stays the same`);
    }
  }

  private add(index: unknown, item: JsonObject): void {
    must(this.stage === 'in progress', 'items come after response.in_progress');
    must(index === this.items.length, 'output_index is dense');
    const hasStatus = item['type'] !== 'compaction';
    must(!hasStatus || item['status'] === 'in_progress', 'an item is added in progress');
    const isEmpty = ['content', 'summary', 'arguments', 'output', 'input', 'encrypted_content', 'result'].every((key) =>
      isEmptyValue(item[key]),
    );
    must(isEmpty, 'an item is added empty');
    must(!this.items.some(({ added }) => added['id'] === item['id']), 'item ids are unique');
    this.items.push({ added: item, stage: 'added', partType: '', said: '', logprobs: [], annotations: [] });
  }

  private close(index: unknown, done: JsonObject): void {
    const item = this.itemAt(index);
    const { added } = item;
    for (const key of ['id', 'type', 'role', 'call_id', 'name', 'namespace', 'server_label']) {
      must(same(added[key], done[key]), `${key} stays the same`);
    }
    must(done['status'] !== 'in_progress', 'a done item is not in progress');
    const call = CALLS[String(added['type'])];
    if (call) {
      this.closeCall(item, done, call[0]);
    } else if (added['type'] === 'image_generation_call') {
      must(item.outcome === 'completed' && !isEmptyValue(done['result']), 'an image is done with its content');
    } else if (added['type'] === 'compaction') {
      must(!isEmptyValue(done['encrypted_content']), 'a compaction is done with its content');
    } else if (added['type'] === 'function_call_output') {
      must(item.stage === 'added' && done['status'] === 'completed', 'a result is whole');
      const call = this.output.find(
        (other) => other['type'] === 'function_call' && other['call_id'] === done['call_id'],
      );
      must(call?.['status'] === 'completed', 'a result comes after its whole call');
    } else if (added['type'] === 'reasoning' && isEmptyValue(done['summary'])) {
      must(item.stage === 'added' && !isEmptyValue(done['encrypted_content']), 'wordless reasoning is encrypted');
    } else {
      must(item.stage === 'part done', 'an item is done after its part');
      const [part] = (done['content'] ?? done['summary']) as readonly JsonObject[];
      const [, key] = PARTS[String(part?.['type'])] ?? [];
      must(key !== undefined && part?.[key] === item.said, 'the deltas of an item are its text');
    }
    item.stage = 'closed';
    item.done = done;
  }

  private closeCall({ said, stage, outcome, added }: OpenItem, done: JsonObject, key: string): void {
    must(done[key] === said, 'the deltas of a call are its arguments');
    const isWhole = done['status'] === 'completed' || done['status'] === 'failed';
    if (added['type'] !== 'mcp_call') {
      must(stage === (isWhole ? 'text done' : 'added'), 'a call has its arguments.done exactly when it is whole');
      return;
    }
    must(outcome === (isWhole ? done['status'] : 'in_progress'), 'a call of the server ends as its item says');
    const result = done['status'] === 'failed' ? done['error'] : done['output'];
    must(!isWhole || result !== null, 'a call of the server ends with its result');
  }

  /** An event inside of an item. */
  private within(type: string, fields: JsonObject): void {
    const item = this.itemAt(fields['output_index']);
    must(fields['item_id'] === item.added['id'], 'item_id and output_index name the same item');
    if (type === 'image_generation_call.completed') {
      item.outcome = 'completed';
      return;
    }
    if (type === 'output_text.annotation.added') return this.annotate(item, fields);
    if (type.startsWith('mcp_call.')) return this.outcome(item, type.slice('mcp_call.'.length));
    const call = CALLS[String(item.added['type'])];
    const isCall = call !== undefined;
    const callEvents = Object.values(CALLS).map(([, events]) => events);
    const isOfCall = callEvents.some((events) => type.startsWith(events));
    must(isCall === isOfCall, `${type} belongs to an item of its kind`);
    const [, step] = /(added|delta|done)$/.exec(type) ?? [];
    if (type.includes('part')) return this.part(item, String(step), fields['part'] as JsonObject);
    const events = call ? call[1] : (PARTS[item.partType]?.[2] ?? 'nothing');
    must(type.startsWith(events), `${type} belongs to a part of its kind`);
    const speaking = isCall ? 'added' : 'part';
    must(item.stage === speaking, `${type} comes while the item is ${item.stage}`);
    if (step === 'delta') {
      item.said += String(fields['delta']);
      item.logprobs.push(...((fields['logprobs'] ?? []) as readonly JsonValue[]));
      return;
    }
    const whole = fields['text'] ?? fields['refusal'] ?? fields['arguments'] ?? fields['input'];
    must(whole === item.said, 'the deltas are the whole');
    must(same(fields['logprobs'] ?? [], item.logprobs), 'the logprobs of the deltas are those of the whole');
    item.stage = 'text done';
  }

  private annotate(item: OpenItem, fields: JsonObject): void {
    must(item.stage === 'part' && item.partType === 'output_text', 'annotations come while their text is open');
    must(fields['annotation_index'] === item.annotations.length, 'annotation_index is dense');
    item.annotations.push(fields['annotation'] as JsonObject);
  }

  private outcome(item: OpenItem, word: string): void {
    must(item.added['type'] === 'mcp_call', 'only a call of the server has an outcome');
    const isBegin = word === 'in_progress';
    const stage = isBegin ? 'added' : 'text done';
    must(item.stage === stage, `mcp_call.${word} comes while the item is ${item.stage}`);
    must(item.outcome === (isBegin ? undefined : 'in_progress'), 'a call of the server begins once and ends once');
    must(!isBegin || item.said === '', 'a call of the server begins before its arguments');
    item.outcome = word;
  }

  private part(item: OpenItem, step: string, part: JsonObject): void {
    const [itemType, key] = PARTS[String(part['type'])] ?? ['', ''];
    must(itemType === item.added['type'], 'a part is of a kind that its item has');
    must(
      item.stage === (step === 'added' ? 'added' : 'text done'),
      `part ${step} comes while the item is ${item.stage}`,
    );
    must(step === 'added' || part['type'] === item.partType, 'a part keeps its type');
    must(part[key] === item.said, 'a part is added empty and done whole');
    must(same(part['annotations'] ?? [], item.annotations), 'a part has the annotations that were added');
    item.partType = String(part['type']);
    item.stage = step === 'added' ? 'part' : 'part done';
  }

  private itemAt(index: unknown): OpenItem {
    const item = this.items[Number(index)];
    must(item !== undefined && item.stage !== 'closed', `output_index ${String(index)} is an open item`);
    return item;
  }
}

function isEmptyValue(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function must(isSo: boolean, rule: string): asserts isSo {
  if (!isSo) throw new Error(`the stream breaks the rule: ${rule}`);
}
