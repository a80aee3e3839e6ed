/**
 * Exit code of a service with a wrong configuration, as in sysexits.h (EX_CONFIG). Another start will not help, so the
 * launcher gives up at this code.
 */
export const EXIT_CONFIG = 78;

/**
 * What the launcher sends a service over its IPC channel to ask how many answers it has under way. The service answers
 * `{ running: <number> }`.
 */
export const ASK_RUNNING = 'running?';
