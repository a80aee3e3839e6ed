import { parentPort } from 'node:worker_threads';
import { encodingOf, type CountJob, type CountResult, type EncodingName } from './count-job.js';
import { splitLongRuns } from './split-long-runs.js';

/**
 * The counting thread. Its tables take 60 MB, and megabytes of text take seconds, during which the API must not wait.
 */

type Count = (text: string) => number;

const loading = new Map<EncodingName, Promise<Count>>();

function load(name: EncodingName): Promise<Count> {
  const known = loading.get(name);
  if (known) return known;
  const loaded = importEncoding(name);
  loading.set(name, loaded);
  return loaded;
}

async function importEncoding(name: EncodingName): Promise<Count> {
  const encoding =
    name === 'o200k_base'
      ? await import('gpt-tokenizer/encoding/o200k_base')
      : await import('gpt-tokenizer/encoding/cl100k_base');
  // Text that looks like a special token counts as text here, as it does upstream.
  const options = { disallowedSpecial: new Set<string>() };
  return (text) => encoding.countTokens(text, options);
}

async function work({ id, model, texts }: CountJob): Promise<CountResult> {
  const count = await load(encodingOf(model));
  const tokens = texts.flatMap(splitLongRuns).reduce((sum, text) => sum + count(text), 0);
  return { id, tokens };
}

parentPort?.on('message', (job: CountJob) => {
  work(job).then(
    (result) => parentPort?.postMessage(result),
    (cause: unknown) => parentPort?.postMessage({ id: job.id, failure: String(cause) } satisfies CountResult),
  );
});
