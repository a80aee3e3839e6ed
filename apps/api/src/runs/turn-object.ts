import type { Turn } from '#libs/contract';
import { runObject } from '#libs/protocols';
import type { TurnObject } from '#libs/wire';
import { chatMessageObject } from './message-object.js';

/** A turn as a page shows it: the run, what it was asked, and what the user put in while it went on. */
export function turnObject({ input, snapshot }: Turn): TurnObject {
  return {
    ...runObject(snapshot),
    input: (input?.messages ?? []).map(chatMessageObject),
    steers: (snapshot.steers ?? []).map(({ afterStep, text }) => ({ after_step: afterStep, text })),
  };
}
