import { notOffered } from '../cells.mjs';
import { agentFeatures } from './features.mjs';
import { inPlatformPackage, runProgram } from './program.mjs';

const KNOWN = 'claude-sonnet-5';
const SCHEMA_NOTE = '`opencode run` has no word for a schema';

/** `opencode run`, with each of the packages by which it speaks a protocol. */
export default () => {
  const program = inPlatformPackage('opencode', 'bin/opencode');
  const by = (npm) => ({
    ...agentFeatures((...args) => run(program, npm, ...args), KNOWN),
    structured: notOffered(SCHEMA_NOTE),
  });
  return {
    protocols: {
      Chat: by('@ai-sdk/openai-compatible'),
      Responses: by('@ai-sdk/openai'),
      Messages: by('@ai-sdk/anthropic'),
    },
  };
};

async function run(program, npm, lab, place, { model, prompt, image, resumes, onStart }) {
  const provider = {
    npm,
    name: 'Talaria',
    options: { baseURL: `${lab.url}/v1`, apiKey: lab.key },
    models: {
      [model]: {
        name: model,
        attachment: true,
        tool_call: true,
        modalities: { input: ['text', 'image'], output: ['text'] },
        limit: { context: 200_000, output: 8_000 },
      },
    },
  };
  const config = {
    autoupdate: false,
    share: 'disabled',
    permission: 'allow',
    enabled_providers: ['talaria'],
    provider: { talaria: provider },
  };
  const env = {
    OPENCODE_CONFIG_CONTENT: JSON.stringify(config),
    OPENCODE_DISABLE_AUTOUPDATE: '1',
    OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
    OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
    OPENCODE_DISABLE_MODELS_FETCH: '1',
  };
  const flags = ['--pure', '--format', 'json', '--model', `talaria/${model}`];
  const args = ['run', ...flags, ...(resumes ? ['--continue'] : []), prompt, ...(image ? ['--file', image] : [])];
  const { code, output, errors, events } = await runProgram(program, args, { place, env, onStart });
  const said = events.filter(({ type }) => type === 'text').map(({ part }) => part.text);
  return { code, text: said.at(-1) ?? '', whole: `${output}\n${errors}` };
}
