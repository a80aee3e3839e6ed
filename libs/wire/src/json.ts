/** JSON as a client reads it: the vocabulary's own types, for those who may not import it. */
export type JsonScalar = string | number | boolean | null;
export type JsonArray = readonly Json[];
export type JsonMap = { readonly [key: string]: Json | undefined };
export type Json = JsonScalar | JsonArray | JsonMap;
