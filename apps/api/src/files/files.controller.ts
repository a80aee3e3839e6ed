import type { SessionFile, SessionFileContent, SessionFilePage } from '#libs/wire';
import { Body, Controller, Delete, Get, Inject, Param, Put, Query } from '@nestjs/common';
import { Owner } from '../edge/auth/owner.decorator.js';
import { dto } from '../edge/dto.pipe.js';
import { FileDto, FilePathDto, FilesQueryDto } from './files.dto.js';
import { SessionFiles } from './session-files.js';

/** The files in which the tools of a session work. */
@Controller('api/sessions/:id/files')
export class FilesController {
  constructor(@Inject(SessionFiles) private readonly files: SessionFiles) {}

  @Get()
  get(
    @Param('id') sessionId: string,
    @Query(dto(FilesQueryDto)) { path, limit, after }: FilesQueryDto,
    @Owner() owner: string,
  ): Promise<SessionFilePage | SessionFileContent> {
    const ref = { owner, sessionId };
    if (path !== undefined) return this.files.read(ref, path);
    return this.files.list(ref, { limit, ...(after !== undefined && { after }) });
  }

  @Put()
  put(@Param('id') sessionId: string, @Body(dto(FileDto)) file: FileDto, @Owner() owner: string): Promise<SessionFile> {
    return this.files.write({ owner, sessionId }, file);
  }

  @Delete()
  remove(
    @Param('id') sessionId: string,
    @Query(dto(FilePathDto)) { path }: FilePathDto,
    @Owner() owner: string,
  ): Promise<object> {
    return this.files.remove({ owner, sessionId }, path);
  }
}
