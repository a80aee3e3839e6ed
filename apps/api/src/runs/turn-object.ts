import type { Turn } from '#libs/contract';
import { runObject } from '#libs/protocols';
import type { TurnObject } from '#libs/wire';
import { chatMessageObject } from './message-object.js';

/** A turn for a page: the run, its input, and the texts that the user added while it was under way. */
export function turnObject({ input, snapshot }: Turn): TurnObject {
  return {
    ...runObject(snapshot),
    input: (input?.messages ?? []).map(chatMessageObject),
    steers: (snapshot.steers ?? []).map(({ afterStep, text }) => ({ after_step: afterStep, text })),
  };
}
