/** A state in a word and a colour; the word alone says it. */
export function Status({ value }: { readonly value: string }) {
  return <span className={`status ${value}`}>{value.replaceAll('_', ' ')}</span>;
}
