import type { JsonObject } from '#libs/contract';
import type { RequestHeaders } from './request-context.js';

/** A model that clients may ask for. */
export interface ListedModel {
  readonly name: string;
  readonly ownedBy: string;
  /** Window of the model for input and output together, in tokens. Absent when it is not known. */
  readonly contextTokens?: number;
  /** Bound of an answer when the caller names none. Absent when it is not known. */
  readonly outputTokens?: number;
}

/** The shape of the list of models for a protocol's clients. */
export interface ModelList {
  /** Whether a client with these headers expects this shape. Absent: this is the shape for all other clients. */
  speaks?(headers: RequestHeaders): boolean;
  /** The body of GET /v1/models. Throws GatewayError (400) that names a bad parameter of `query`. */
  list(models: readonly ListedModel[], query?: unknown): JsonObject;
  /** The body of GET /v1/models/{model}. */
  one(model: ListedModel): JsonObject;
}

/** Both shapes require a time of creation, which is not known: every replica uses the same one. */
export const MODEL_CREATED_SECONDS = 1_700_000_000;
