import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agentFeatures } from './features.mjs';
import { inPlatformPackage, runProgram } from './program.mjs';

const TARGETS = { 'linux-x64': 'x86_64-unknown-linux-musl', 'linux-arm64': 'aarch64-unknown-linux-musl' };
const KNOWN = 'gpt-6.1-sol';

/** `codex exec`. It runs without its sandbox: the script says what its commands are. */
export default () => {
  const target = TARGETS[`${process.platform}-${process.arch}`];
  const program = inPlatformPackage('@openai/codex', `vendor/${target}/bin/codex`);
  return { protocols: { Responses: agentFeatures((...args) => run(program, ...args), KNOWN) } };
};

async function run(program, lab, place, { model, prompt, schema, image, resumes, onStart }) {
  const home = join(place.home, '.codex');
  await mkdir(home, { recursive: true });
  await writeFile(join(home, 'config.toml'), configFor(lab));
  const flags = ['--json', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', '-m', model];
  if (schema) {
    await writeFile(join(place.work, 'schema.json'), JSON.stringify(schema));
    flags.push('--output-schema', 'schema.json');
  }
  if (image) flags.push('-i', image);
  const args = ['exec', ...(resumes ? ['resume', '--last'] : []), ...flags, '--', prompt];
  const env = { CODEX_HOME: home, TALARIA_KEY: lab.key };
  const { code, output, errors, events } = await runProgram(program, args, { place, env, onStart });
  const said = events.filter(({ item }) => item?.type === 'agent_message').map(({ item }) => item.text);
  return { code, text: said.at(-1) ?? '', whole: `${output}\n${errors}` };
}

const configFor = ({ url }) => `
model_provider = "talaria"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.talaria]
name = "Talaria"
base_url = "${url}/v1"
env_key = "TALARIA_KEY"
wire_api = "responses"
`;
