/** Counts calls in sliding windows, as platforms publish their limits, and what goes beyond them. */
export class Limits {
  readonly violations: string[] = [];
  private readonly calls = new Map<string, number[]>();
  private readonly held = new Map<string, number>();

  /** @returns whether the call is one too many for the window. */
  count(window: string, { count, ms }: { readonly count: number; readonly ms: number }, at = Date.now()): boolean {
    const recent = (this.calls.get(window) ?? []).filter((one) => one > at - ms);
    recent.push(at);
    this.calls.set(window, recent);
    if (recent.length <= count) return false;
    this.violations.push(`${window}: more than ${count} in ${ms} ms`);
    return true;
  }

  /** Nobody may call in this way for so long. */
  hold(window: string, seconds: number): void {
    this.held.set(window, Date.now() + seconds * 1_000);
  }

  /** Seconds that are left. */
  heldFor(window: string): number {
    return Math.max(0, Math.ceil(((this.held.get(window) ?? 0) - Date.now()) / 1_000));
  }
}

/** What becomes of a call. `cut-before` and `cut-after`: the connection breaks, without and with an effect. */
export type Mishap =
  | { readonly kind: 'cut-before' | 'cut-after' }
  | { readonly kind: 'status'; readonly status: number; readonly after?: true }
  | { readonly kind: 'penalty'; readonly seconds: number };

/** A form with a file: its fields, and the file's name. */
export function formOf(text: string): Record<string, unknown> {
  const fields = [...text.matchAll(/name="(\w+)"(?:;[^\r\n]*)?\r\n(?:[\w-]+:[^\r\n]*\r\n)*\r\n([^\r]*)/g)];
  const [, file] = /filename="?([^"\r\n]*?)"?\r\n/.exec(text) ?? [];
  const { reply_parameters: reply, ...others } = Object.fromEntries(fields.map(([, name, value]) => [name, value]));
  return { ...others, ...(reply !== undefined && { reply_parameters: JSON.parse(reply) as unknown }), file };
}
