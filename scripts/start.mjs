// `npm start` and `npm run dev`: builds what is not built yet, then starts the gateway in this very process, which
// saves a second npm and a second Node.js at every start.
import { existsSync } from 'node:fs';
import { enableCompileCache } from './compile-cache.mjs';
import { build } from './build.mjs';

// Signals end a build; afterwards the launcher listens for them.
const told = () => process.stdout.write('Building ...\n');
const code = await build({ check: false, onStart: told });
const launcher = new URL('../dist/apps/launcher/src/main.js', import.meta.url);
if (code !== 0 || !existsSync(launcher)) {
  process.stderr.write('The build failed, so nothing was started; see above.\n');
  process.exitCode = code === 0 ? 1 : code;
} else {
  enableCompileCache();
  await import(launcher.href);
}
