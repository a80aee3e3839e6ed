import type { JsonObject } from '#libs/contract';
import { bodyObject, type SubRoute } from '#libs/protocols';
import type { IncomingRequest } from '../edge/auth/incoming.decorator.js';
import type { ModelDirectory } from '../runs/model-directory.js';
import { countPrompt } from '../tokens/count-prompt.js';
import type { TokenCounter } from '../tokens/token-counter.js';
import type { FileReader } from '../attachments/file-reader.js';
import { readFiles } from '../attachments/read-files.js';
import { decodeContext } from './decode-context.js';

export interface SubRoutesParts {
  readonly models: Pick<ModelDirectory, 'resolve'>;
  readonly counter: Pick<TokenCounter, 'of'>;
  readonly files: Pick<FileReader, 'read'>;
  readonly messageCharsMax: number;
}

/** Answers the routes of protocols that create no run. */
export class SubRoutes {
  constructor(private readonly parts: SubRoutesParts) {}

  /** Throws GatewayError. */
  answer(
    route: SubRoute,
    { owner, body, headers }: Pick<IncomingRequest, 'owner' | 'body' | 'headers'>,
  ): Promise<JsonObject> {
    const { models, counter, files, messageCharsMax } = this.parts;
    const context = decodeContext(headers, messageCharsMax);
    return route.answer(
      { body: route.method === 'POST' ? bodyObject(body) : undefined, context },
      {
        countTokens: async (prompt) => {
          const read = await readFiles({ reader: files, owner }, prompt);
          return countPrompt(counter.of(owner), await models.resolve(read.model), read);
        },
      },
    );
  }
}
