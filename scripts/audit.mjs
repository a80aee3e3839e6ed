// npm run audit: known vulnerabilities in what the lock file installs. Fails on high and critical ones. A registry that
// gives no advisories (many mirrors do not) cannot be asked: that is said, and is no failure of ours.
import { spawnSync } from 'node:child_process';

const FAILS_ON = ['high', 'critical'];
const WAIT_MS = 60_000;

const { stdout, error } = spawnSync('npm', ['audit', '--json', '--package-lock-only'], {
  encoding: 'utf8',
  timeout: WAIT_MS,
  maxBuffer: 64 * 1024 * 1024,
});
const report = parse(stdout);
const found = report?.metadata?.vulnerabilities;
if (error || !found) {
  const why = error?.message || report?.error?.summary || report?.message || 'it gave no report';
  console.log(`audit: NOT DONE, the registry has no advisories to ask: ${String(why).split('\n')[0]}`);
} else {
  const rows = Object.values(report.vulnerabilities ?? {}).filter(({ severity }) => FAILS_ON.includes(severity));
  for (const { name, severity, range, fixAvailable } of rows) {
    console.log(`audit: ${severity}: ${name} ${range}${fixAvailable ? ' (a fix is available)' : ''}`);
  }
  console.log(
    `audit: ${Object.entries(found)
      .map(([level, count]) => `${count} ${level}`)
      .join(', ')}`,
  );
  process.exitCode = rows.length > 0 ? 1 : 0;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
