// Jest with the flags it needs, and without its advice about open handles: a test that failed may leave a socket open,
// and this process ends when all results are there.
import { buildArgv, runCLI } from 'jest';

const argv = await buildArgv(process.argv.slice(2));
const { results, globalConfig } = await runCLI(argv, [process.cwd()]);
const code = results.success ? 0 : globalConfig.testFailureExitCode;
process.stdout.write('', () => process.exit(code));
