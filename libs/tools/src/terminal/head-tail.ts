/** Keeps the beginning and the end of a text that may be endless, and counts the characters in between. */
export class HeadTail {
  private head = '';
  private tail = '';
  private lost = 0;

  /** Characters (UTF-16 units) of each part. */
  constructor(private readonly max: { readonly head: number; readonly tail: number }) {}

  add(text: string): void {
    const room = this.max.head - this.head.length;
    if (room > 0) this.head += text.slice(0, room);
    this.tail += text.slice(Math.max(0, room));
    // Cut only now and then, because cutting copies.
    if (this.tail.length > 2 * this.max.tail) this.cut();
  }

  /** The last characters, at most `max`. */
  end(max: number): string {
    return (this.tail.length >= max ? this.tail : this.head + this.tail).slice(-max);
  }

  toString(): string {
    this.cut();
    if (this.lost === 0) return this.head + this.tail;
    return `${this.head}\n[${this.lost} characters were left out.]\n${this.tail}`.toWellFormed();
  }

  private cut(): void {
    const surplus = this.tail.length - this.max.tail;
    if (surplus <= 0) return;
    this.lost += surplus;
    this.tail = this.tail.slice(surplus);
  }
}
