import { fileURLToPath } from 'node:url';
import { nodeProblem } from './check-node.js';
import { logStyle, Printer } from './console/print.js';

const printer = new Printer(process.stdout, process.stderr, logStyle(process.env, process.stdout.isTTY));
process.exitCode = 1; // until told otherwise
// `npm start | head`: the reader has gone. The services continue, and so does the launcher.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const problem = nodeProblem(process.versions.node);
if (problem !== undefined) {
  printer.error(problem);
} else {
  // Loaded after the check: an old Node.js could not even read these files.
  const [{ run }, { compiledEntry }, { listenForStop }, { confirmAt }] = await Promise.all([
    import('./run.js'),
    import('./processes/services.js'),
    import('./processes/stop-signals.js'),
    import('./console/confirm.js'),
  ]);
  const root = fileURLToPath(new URL('../../../../', import.meta.url));
  const wishes = listenForStop((signal, listener) => process.on(signal, listener));
  const confirm = confirmAt({ input: process.stdin, output: process.stdout, signal: wishes.stop });
  const options = { root, env: process.env, printer, wishes, entryOf: compiledEntry(root), confirm };
  const code = await run(process.argv.slice(2), options);
  process.stdout.write('', () => process.exit(code));
}
