import type { LoggedEvent } from '#libs/contract';

/**
 * Replaces an image from the model by text, because assistant messages of this API have no images: a line with type and
 * size, such as `[image: image/png, 12 kB]`. The run itself has the image.
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
