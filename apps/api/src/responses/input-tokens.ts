import type { JsonObject } from '#libs/contract';
import type { RunRequest } from '../answering/create-run.js';
import type { FileReader } from '../attachments/file-reader.js';
import { readFiles } from '../attachments/read-files.js';
import type { ModelDirectory } from '../runs/model-directory.js';
import { countPrompt } from '../tokens/count-prompt.js';
import type { TokenCounter } from '../tokens/token-counter.js';
import type { ContextReader } from './context-reader.js';

/** POST /v1/responses/input_tokens: counts the input tokens of a request without making it. */
export class InputTokens {
  constructor(
    private readonly context: ContextReader,
    private readonly models: Pick<ModelDirectory, 'resolve'>,
    private readonly counter: TokenCounter,
    private readonly files: Pick<FileReader, 'read'>,
  ) {}

  /** Throws GatewayError like POST /v1/responses and `countPrompt`. */
  async count(request: RunRequest): Promise<JsonObject> {
    const { owner } = request;
    const context = await readFiles({ reader: this.files, owner }, await this.context.read(request));
    const tokens = await countPrompt(this.counter.of(owner), await this.models.resolve(context.model), context);
    return { object: 'response.input_tokens', input_tokens: tokens };
  }
}
