import type { LoggedEvent } from '#libs/contract';

/**
 * The event with words in place of an image that the model shows, because messages of this API have no images of the
 * assistant's: a line with its type and size, as in `[image: image/png, 12 kB]`. The run has the image itself.
 */
export function inWords(event: LoggedEvent): LoggedEvent {
  if (event.type !== 'text.delta' || event.image === undefined) return event;
  const { image, ...rest } = event;
  return { ...rest, text: `\n${noteOf(image)}\n` };
}

function noteOf(url: string): string {
  const comma = url.indexOf(',');
  const [type = ''] = url.slice('data:'.length, comma).split(';');
  const bytes = ((url.length - comma - 1) * 3) / 4;
  return `[image: ${type.slice(0, TYPE_CHARS_MAX)}, ${Math.ceil(bytes / 1_000)} kB]`;
}

const TYPE_CHARS_MAX = 64;
