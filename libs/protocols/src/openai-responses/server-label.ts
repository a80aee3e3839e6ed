/**
 * The `server_label` of calls that the gateway executed. Fixed and documented: agents of some SDKs take an approval or
 * a call only from a server that they were told of by this name.
 */
export const SERVER_LABEL = 'talaria';
