/** JSON as a client reads it: types of this library's own, for code that may not import libs/contract. */
export type JsonScalar = string | number | boolean | null;
export type JsonArray = readonly Json[];
export type JsonMap = { readonly [key: string]: Json | undefined };
export type Json = JsonScalar | JsonArray | JsonMap;
