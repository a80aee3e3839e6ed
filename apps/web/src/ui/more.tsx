/** The button behind a page of a list. */
export function More({ has, onMore }: { readonly has: boolean; readonly onMore: () => void }) {
  if (!has) return null;
  return (
    <button type="button" onClick={onMore}>
      More
    </button>
  );
}
