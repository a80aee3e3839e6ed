import { Module, type DynamicModule } from '@nestjs/common';
import { PageFiles } from './page-files.js';
import { PagesController } from './pages.controller.js';

/** The web page and its files. */
@Module({})
export class PagesModule {
  static for(): DynamicModule {
    return {
      module: PagesModule,
      controllers: [PagesController],
      providers: [{ provide: PageFiles, useValue: new PageFiles() }],
    };
  }
}
