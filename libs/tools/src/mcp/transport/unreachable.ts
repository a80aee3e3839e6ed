/** A message did not get to the server, or nobody knows whether it did: the connection is of no use any more. */
export class Unreachable extends Error {}
