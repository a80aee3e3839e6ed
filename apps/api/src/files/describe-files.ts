import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { body, errors, OBJECT, once, queries } from '../answering/describe.js';
import { FilesController } from './files.controller.js';
import { FileDto, FilePathDto, FilesQueryDto } from './files.dto.js';

/** What the document says about the files of sessions. */
export function describeFiles(): void {
  once(FilesController, ApiTags('Sessions'), {
    get: [
      ApiOperation({
        summary: "The files of a session's workspace, or with `path` the content of one",
        description: 'Text comes as `content`, anything else as `content_base64`.',
      }),
      ...queries(FilesQueryDto),
      ApiOkResponse({ description: 'A page of files, or the file.', schema: OBJECT }),
      ...errors(400, 401, 404, 503),
    ],
    put: [
      ApiOperation({ summary: "Write a file into a session's workspace, new or in place of the old one" }),
      body(FileDto),
      ApiOkResponse({ description: 'The file.', schema: OBJECT }),
      ...errors(400, 401, 404, 413, 415, 503),
    ],
    remove: [
      ApiOperation({ summary: "Delete a file of a session's workspace" }),
      ...queries(FilePathDto),
      ApiOkResponse({ description: 'It is gone.', schema: OBJECT }),
      ...errors(400, 401, 404, 503),
    ],
  });
}
