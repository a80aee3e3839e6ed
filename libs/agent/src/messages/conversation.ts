import { continued, type Message, type RunSnapshot, type RunSpec } from '#libs/contract';

/**
 * The messages of the next model call: the caller's messages, then everything that the run has said and done so far.
 */
export function conversation(spec: Pick<RunSpec, 'messages'>, snapshot: RunSnapshot): Message[] {
  return continued(spec.messages, snapshot);
}

/** The core prompt, a blank line, and the caller's instructions. Empty when there is neither. */
export function systemText(systemPrompt: string, instructions: string | undefined): string {
  return [systemPrompt, instructions].filter((text) => text !== undefined && text !== '').join('\n\n');
}
