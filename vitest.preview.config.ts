import { defineConfig } from 'vitest/config';

/** Tests of what is not offered yet (XHIER_PREVIEW=1): `npx vitest run --config vitest.preview.config.ts`. */
export default defineConfig({
  test: {
    include: ['test/preview/**/*.preview.ts'],
    globalSetup: ['test/build-programs.ts'],
    env: { XHIER_PREVIEW: '1' },
    testTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
