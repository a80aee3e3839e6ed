import type { MemberReport } from '#libs/contract';

/** One report for each upstream and model, whatever number of pools it is a member of: their counts are added up. */
export function memberReports(reports: readonly MemberReport[]): readonly MemberReport[] {
  const byMember = new Map<string, MemberReport>();
  for (const report of reports) {
    const key = JSON.stringify([report.upstream, report.model]);
    byMember.set(key, added(report, byMember.get(key)));
  }
  return [...byMember.values()];
}

function added(report: MemberReport, earlier: MemberReport | undefined): MemberReport {
  if (!earlier) return report;
  return {
    ...earlier,
    ...report,
    calls: report.calls + earlier.calls,
    failures: report.failures + earlier.failures,
    inputTokens: report.inputTokens + earlier.inputTokens,
    cachedInputTokens: report.cachedInputTokens + earlier.cachedInputTokens,
    outputTokens: report.outputTokens + earlier.outputTokens,
  };
}
