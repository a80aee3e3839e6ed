import { GatewayError, isJsonObject, LIMITS, type JsonObject, type RunDraft } from '#libs/contract';
import { systemTextOf } from '#libs/protocols';

/** Where the echo keeps the system texts of all turns so far, because as items they also apply to later turns. */
const SYSTEM_TEXT = 'systemText';

/** The system texts that apply to every continuation of the response with this echo. */
export function systemTextIn(echo: JsonObject): string | undefined {
  const text = echo[SYSTEM_TEXT];
  return typeof text === 'string' ? text : undefined;
}

/**
 * The draft with the system texts of earlier turns. System and developer messages are items like any others, so they
 * also apply to later turns; `instructions` apply to one response only. Throws GatewayError `string_above_max_length`.
 */
export function withSystemText(draft: RunDraft, before: string | undefined): RunDraft {
  const all = joinTexts(before, newTextOf(draft, before));
  if (all === undefined) return draft;
  if (all.length > LIMITS.systemTextCharsMax) {
    const problem = `The system messages of a conversation have at most ${LIMITS.systemTextCharsMax} characters.`;
    throw new GatewayError('string_above_max_length', problem, { param: 'input' });
  }
  const instructions = instructionsAfter(draft, before);
  return {
    ...draft,
    echo: { ...draft.echo, [SYSTEM_TEXT]: all },
    ...(instructions !== undefined && { instructions }),
  };
}

/**
 * Everything that the model reads as system text: the texts of earlier turns, the request's `instructions`, and its own
 * items.
 */
export function instructionsAfter(draft: RunDraft, before: string | undefined): string | undefined {
  const { fields } = draft.echo;
  const given = isJsonObject(fields) ? fields['instructions'] : undefined;
  return joinTexts(before, typeof given === 'string' ? given : undefined, newTextOf(draft, before));
}

/** A client that sends the same text with every turn means it once. */
function newTextOf({ input = [] }: RunDraft, before: string | undefined): string | undefined {
  const own = systemTextOf(input);
  return own !== undefined && `\n${before ?? ''}\n`.includes(`\n${own}\n`) ? undefined : own;
}

function joinTexts(...texts: readonly (string | undefined)[]): string | undefined {
  const said = texts.filter((text) => text !== undefined && text !== '');
  return said.length > 0 ? said.join('\n') : undefined;
}
