import { Described, IsIntegerBetween, IsString, IsText, NothingElse, Required } from '#libs/protocols';
import { WORKSPACE_LIMITS } from '#libs/tools';
import { API_LIMITS } from '../words/api-limits.js';

/** The query of GET /api/sessions/{id}/files. */
export class FilesQueryDto {
  @IsText(WORKSPACE_LIMITS.pathCharsMax)
  @Described('A file, to get its content; absent: the list of all files.')
  path?: string;

  @IsIntegerBetween(1, API_LIMITS.filesPageMax)
  limit: number = API_LIMITS.filesPage;

  @IsString()
  @Described('next of the page before')
  after?: string;
}

/** The query of DELETE /api/sessions/{id}/files. */
export class FilePathDto {
  @Required()
  @IsText(WORKSPACE_LIMITS.pathCharsMax)
  path: string;
}

/** The body of PUT /api/sessions/{id}/files: `content` or `content_base64`. */
@NothingElse('is not a field of a file; path, content and content_base64 are.')
export class FileDto {
  @Required()
  @IsText(WORKSPACE_LIMITS.pathCharsMax)
  @Described('Relative to the workspace; folders above the file are made.')
  path: string;

  @IsString()
  @Described('The whole content, as text.')
  content?: string;

  @IsString()
  @Described('The whole content, as base64.')
  content_base64?: string;
}
