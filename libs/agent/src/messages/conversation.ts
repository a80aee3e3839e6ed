import { continued, type Message, type RunSnapshot, type RunSpec } from '#libs/contract';

/** The messages of the next model call: the caller's, then what the run has said and done so far. */
export function conversation(spec: Pick<RunSpec, 'messages'>, snapshot: RunSnapshot): Message[] {
  return continued(spec.messages, snapshot);
}

/** The core prompt, then the caller's instructions below it, apart by a blank line. Empty for none. */
export function systemText(systemPrompt: string, instructions: string | undefined): string {
  return [systemPrompt, instructions].filter((text) => text !== undefined && text !== '').join('\n\n');
}
