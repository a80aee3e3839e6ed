import type { Turn } from '#libs/contract';
import { runObject } from '#libs/protocols';
import type { TurnObject } from '#libs/wire';
import { messageObject } from './message-object.js';

/** A turn as a page shows it: the run, what it was asked, and what the user put in while it went on. */
export function turnObject({ input, snapshot }: Turn): TurnObject {
  return {
    ...runObject(snapshot),
    input: (input?.messages ?? []).map(messageObject),
    steers: (snapshot.steers ?? []).map(({ afterStep, text }) => ({ after_step: afterStep, text })),
  };
}
