import type { Shape } from './shape.js';

/**
 * One method of a port that is called over a wire: its arguments in order, by the names that errors use, and its
 * result. `finds`: the result may be undefined, when there is no such thing. `gives`: there always is a result.
 */
export type PortCall = { readonly args: Readonly<Record<string, Shape>> } & (
  { readonly gives: Shape; readonly finds?: never } | { readonly finds: Shape; readonly gives?: never }
);

/** Every method of port `P`. Client and server are made from this list, and check incoming values by its shapes. */
export type PortCalls<P> = { readonly [M in keyof P]: PortCall };
