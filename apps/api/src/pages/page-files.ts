import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** Written by the build beside the files that it lists: see scripts/build-web.mjs. */
interface Manifest {
  readonly files: Readonly<Record<string, ManifestFile>>;
}

interface ManifestFile {
  readonly type: string;
  /** Encodings for which a compressed copy lies beside the file. */
  readonly encodings: readonly string[];
}

/** A file to send. */
export interface ServedFile {
  readonly type: string;
  readonly encoding?: 'br' | 'gzip';
  readonly body: Readable;
}

const SUFFIX = { br: '.br', gzip: '.gz' } as const;

/**
 * The built files of the web page. None is read before the first request, and none stays in memory: the system's own
 * cache holds files that are read often.
 */
export class PageFiles {
  private manifest: Promise<Manifest> | undefined;

  /** @param folder where the build put the page; absent: beside the compiled API. */
  constructor(private readonly folder = fileURLToPath(new URL('../../../../web/', import.meta.url))) {}

  /**
   * @param name as in the manifest; it is looked up and never joined from a request.
   * @param accepts the request's Accept-Encoding.
   * @returns undefined when the page was not built, or has no such file.
   */
  async open(name: string, accepts: string | undefined): Promise<ServedFile | undefined> {
    const { files } = await this.read();
    const file = Object.hasOwn(files, name) ? files[name] : undefined;
    if (!file) return undefined;
    const encoding = (['br', 'gzip'] as const).find((one) => file.encodings.includes(one) && accepted(one, accepts));
    const path = join(this.folder, encoding ? `${name}${SUFFIX[encoding]}` : name);
    return { type: file.type, ...(encoding && { encoding }), body: createReadStream(path) };
  }

  private read(): Promise<Manifest> {
    this.manifest ??= readFile(join(this.folder, 'manifest.json'), 'utf8').then(
      (text) => JSON.parse(text) as Manifest,
      () => {
        // The page is not built, or not yet, so the next request checks again.
        this.manifest = undefined;
        return { files: {} };
      },
    );
    return this.manifest;
  }
}

/** `br;q=0` refuses an encoding; a bare name or another weight accepts it. */
function accepted(encoding: string, accepts = ''): boolean {
  const own = accepts.split(',').find((part) => part.trim().split(';')[0]?.trim().toLowerCase() === encoding);
  return own !== undefined && !/;\s*q=0(\.0*)?\s*$/.test(own);
}
