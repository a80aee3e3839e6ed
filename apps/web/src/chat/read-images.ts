const IMAGES_MAX = 8;
const IMAGE_BYTES_MAX = 4 * 1_048_576;
const TYPES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);

/** Pictures as data: addresses, and why others were left out. @param had pictures that the message has already. */
export async function readImages(
  files: Iterable<File>,
  had: number,
): Promise<{ readonly images: readonly string[]; readonly refused: string | undefined }> {
  const images: string[] = [];
  let refused: string | undefined;
  for (const file of files) {
    const problem = problemOf(file, had + images.length);
    if (problem === undefined) images.push(await dataUrl(file));
    else refused = problem;
  }
  return { images, refused };
}

function problemOf({ name, type, size }: File, had: number): string | undefined {
  if (!TYPES.has(type)) return `${name} is no PNG, JPEG, GIF or WebP picture.`;
  if (size > IMAGE_BYTES_MAX) return `${name} is larger than ${IMAGE_BYTES_MAX / 1_048_576} MB.`;
  return had >= IMAGES_MAX ? `A message takes ${IMAGES_MAX} pictures.` : undefined;
}

function dataUrl(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new Error('the picture could not be read'));
    reader.readAsDataURL(file);
  });
}
