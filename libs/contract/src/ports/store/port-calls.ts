import type { Shape } from './shape.js';

/**
 * One method of a port that is called over a wire: its arguments in their order, by the names that errors call them,
 * and what it gives. `finds`: it may give undefined, when there is no such thing. `gives`: it always gives something.
 */
export type PortCall = { readonly args: Readonly<Record<string, Shape>> } & (
  { readonly gives: Shape; readonly finds?: never } | { readonly finds: Shape; readonly gives?: never }
);

/** Every method of port `P`. Client and server are made from this list, and read by its shapes what comes in. */
export type PortCalls<P> = { readonly [M in keyof P]: PortCall };
