import { defineConfig } from 'vite';

export default defineConfig({
  base: '/',
  oxc: { jsx: { runtime: 'automatic' } },
  worker: { format: 'es' },
  build: {
    rolldownOptions: {
      // Packages mark what must not run on a server; this page has no other side.
      onLog: (level, log, report) => (log.code === 'MODULE_LEVEL_DIRECTIVE' ? undefined : report(level, log)),
    },
    target: 'es2022',
    // `light-dark()` stays as it is: older browsers than these are not supported.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    modulePreload: { polyfill: false },
    // Nothing becomes a data: URL, which the page's policy would refuse for scripts and styles.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    license: { fileName: 'assets/licenses.txt' },
  },
});
