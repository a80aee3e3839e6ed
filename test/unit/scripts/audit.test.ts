import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

/** npm run audit with an npm that gives this report. */
function audit(report: string): { status: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'talaria-audit-'));
  try {
    const npm = join(folder, 'npm');
    writeFileSync(join(folder, 'report'), report);
    writeFileSync(npm, `#!/bin/sh\ncat '${folder}/report'\nexit 1\n`);
    chmodSync(npm, 0o755);
    const PATH = [folder, dirname(process.execPath), '/bin', '/usr/bin'].join(delimiter);
    const { status, stdout } = spawnSync(process.execPath, ['scripts/audit.mjs'], { env: { PATH }, encoding: 'utf8' });
    return { status, output: stdout };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const report = (severity: string): string =>
  JSON.stringify({
    vulnerabilities: { leftpad: { name: 'leftpad', severity, range: '<1.0.1', fixAvailable: true } },
    metadata: { vulnerabilities: { low: 0, moderate: 0, high: 0, critical: 0, [severity]: 1 } },
  });

test.each(['high', 'critical'])('a %s finding fails and is named', (severity) => {
  const { status, output } = audit(report(severity));
  expect(status).toBe(1);
  expect(output).toContain(`audit: ${severity}: leftpad <1.0.1`);
});

test('a moderate finding is counted and does not fail', () => {
  expect(audit(report('moderate'))).toEqual({ status: 0, output: expect.stringContaining('1 moderate') as string });
});

test.each([
  '',
  '<html>',
  JSON.stringify({ message: 'request to /-/npm/v1/security failed', error: { summary: '', detail: '' } }),
])('a registry without advisories is said, and is no failure: %j', (answer) => {
  expect(audit(answer)).toEqual({ status: 0, output: expect.stringContaining('audit: NOT DONE') as string });
});
