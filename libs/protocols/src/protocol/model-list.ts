import type { JsonObject } from '#libs/contract';
import type { RequestHeaders } from './request-context.js';

/** A model that may be asked for. */
export interface ListedModel {
  readonly name: string;
  readonly ownedBy: string;
  /** What the model takes in and gives out together, in tokens. Absent: not known. */
  readonly contextTokens?: number;
  /** Bound of an answer whose caller asks for none. Absent: not known. */
  readonly outputTokens?: number;
}

/** How a protocol's clients are told of the models. */
export interface ModelList {
  /** Whether the sender of these headers expects this shape. Absent: the shape for everybody else. */
  speaks?(headers: RequestHeaders): boolean;
  /** The body of GET /v1/models. */
  list(models: readonly ListedModel[]): JsonObject;
  /** The body of GET /v1/models/{model}. */
  one(model: ListedModel): JsonObject;
}

/** Neither shape may be without a time of creation, and nobody knows it: the same one on every replica. */
export const MODEL_CREATED_SECONDS = 1_700_000_000;
