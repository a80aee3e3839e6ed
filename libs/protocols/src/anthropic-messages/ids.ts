/** `msg_<32 hex>` for `run_<the same 32 hex>`: one message is one run. */
export function messageIdOf(runId: string): string {
  return `msg_${runId.replace(/^run_/, '')}`;
}
