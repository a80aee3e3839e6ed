/**
 * What a service exits with when its configuration is wrong, as in sysexits.h (EX_CONFIG): starting again will not
 * help. The launcher gives up when it sees it.
 */
export const EXIT_CONFIG = 78;
