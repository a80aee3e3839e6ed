import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agentFeatures } from './features.mjs';
import { inPlatformPackage, runProgram } from './program.mjs';

const KNOWN = 'claude-sonnet-5';

/** `claude -p`. */
export default () => {
  const program = inPlatformPackage('@anthropic-ai/claude-code', 'claude');
  return { protocols: { Messages: agentFeatures((...args) => run(program, ...args), KNOWN) } };
};

async function run(program, lab, place, { model, prompt, schema, image, resumes, onStart }) {
  const env = {
    ANTHROPIC_BASE_URL: lab.url,
    ANTHROPIC_API_KEY: lab.key,
    // For titles and summaries it would ask for another model.
    ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_ERROR_REPORTING: '1',
    DISABLE_TELEMETRY: '1',
  };
  const flags = ['--output-format', 'stream-json', '--verbose', '--model', model, '--allowedTools', 'Bash'];
  if (schema) flags.push('--json-schema', JSON.stringify(schema));
  if (resumes) flags.push('--continue');
  if (image) flags.push('--input-format', 'stream-json');
  const args = ['-p', ...flags, ...(image ? [] : ['--', prompt])];
  const input = image && `${JSON.stringify(await messageWith(prompt, join(place.work, image)))}\n`;
  const { code, output, errors, events } = await runProgram(program, args, { place, env, input, onStart });
  const end = events.find(({ type }) => type === 'result');
  const text = schema ? JSON.stringify(end?.structured_output) : end?.result;
  return { code: end?.is_error ? 1 : code, text: text ?? '', whole: `${output}\n${errors}` };
}

/** The one way to show it an image without a terminal. */
async function messageWith(prompt, file) {
  const data = await readFile(file, 'base64');
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data } };
  return { type: 'user', message: { role: 'user', content: [{ type: 'text', text: prompt }, image] } };
}
