import { checkUpstreamState, isJsonObject, type JsonObject, type JsonValue, type ReasoningSeal } from '#libs/contract';

/** Fields of an assistant message by which compatible servers recognise their own reasoning. */
const STATE_FIELDS = ['reasoning_details', 'extra_content'] as const;

/**
 * Gathers what one answer says about its reasoning besides the text. Servers call the text `reasoning_content`
 * (DeepSeek, Kimi, GLM) or `reasoning` (vLLM, OpenRouter). OpenRouter and MiniMax add `reasoning_details`, Gemini adds
 * `extra_content`.
 */
export class ChatReasoning {
  private textField: 'reasoning' | undefined;
  private details: JsonObject[] = [];
  private extraContent: JsonObject | undefined;
  private bytes = 0;

  /** Takes one delta, or a whole message; returns the text in it. Throws `upstream_invalid` for too much state. */
  read(delta: JsonObject): string {
    for (const field of STATE_FIELDS) if (delta[field]) this.count(delta[field]);
    if (isJsonObject(delta['extra_content'])) this.extraContent = delta['extra_content'];
    const details: unknown[] = Array.isArray(delta['reasoning_details']) ? delta['reasoning_details'] : [];
    for (const detail of details) if (isJsonObject(detail)) this.addDetail(detail);
    const text = textOf(delta['reasoning_content']);
    if (text !== '') return text;
    const named = textOf(delta['reasoning']);
    if (named !== '') this.textField = 'reasoning';
    return named !== '' ? named : textOfDetails(details);
  }

  /** Everything gathered since the last call, which ends a block. Undefined when only the text has to go back. */
  takeSeal(): ReasoningSeal | undefined {
    const { details, extraContent, textField } = this;
    if (details.length === 0 && !extraContent && !textField) return undefined;
    this.details = [];
    this.extraContent = undefined;
    this.textField = undefined;
    this.bytes = 0;
    const fields: JsonObject = {
      ...(details.length > 0 && { reasoning_details: details }),
      ...(extraContent && { extra_content: extraContent }),
    };
    const hasFields = details.length > 0 || extraContent !== undefined;
    return { form: 'openai', ...(textField && { textField }), ...(hasFields && { fields }) };
  }

  private count(value: JsonValue): void {
    this.bytes += Buffer.byteLength(JSON.stringify(value));
    checkUpstreamState(this.bytes);
  }

  /** Deltas of one entry share its `index` and `type`. Their texts are joined; any other field is replaced. */
  private addDetail(detail: JsonObject): void {
    const last = this.details.at(-1);
    const isSame = last && last['type'] === detail['type'] && (last['index'] ?? -1) === (detail['index'] ?? -2);
    if (isSame) this.details[this.details.length - 1] = joinDetails(last, detail);
    else this.details.push(detail);
  }
}

function joinDetails(last: JsonObject, detail: JsonObject): JsonObject {
  const joined = Object.entries(detail).map(([key, value]) => {
    const before = last[key];
    const grows = JOINED_FIELDS.has(key) && typeof before === 'string' && typeof value === 'string';
    return [key, grows ? before + value : (value ?? before)] as const;
  });
  return { ...last, ...Object.fromEntries(joined) };
}

const JOINED_FIELDS: ReadonlySet<string> = new Set(['text', 'summary', 'data']);

/** For servers that send only entries: the texts in them are the reasoning. */
function textOfDetails(details: readonly unknown[]): string {
  return details.map((detail) => (isJsonObject(detail) ? textOf(detail['text'] ?? detail['summary']) : '')).join('');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
