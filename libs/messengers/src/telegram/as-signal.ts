/** grammY's types name the signal of another package; it is the same one. */
export const asSignal = (signal: AbortSignal): never => signal as never;
