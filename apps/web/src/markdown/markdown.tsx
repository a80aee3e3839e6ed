import { useState } from 'react';
import { BlockCache } from './block-cache.js';
import { BlockView } from './block.js';

/** A text of the model. Grows without rendering again what stands already. */
export function Markdown({ text }: { readonly text: string }) {
  const [cache] = useState(() => new BlockCache());
  return (
    <div className="markdown">
      {cache.blocksOf(text).map(({ at, token }) => (
        <BlockView key={at} token={token} />
      ))}
    </div>
  );
}
