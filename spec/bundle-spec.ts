import { describe, expect, it } from '@jest/globals';
import { bundle, MAX_ANGULAR_BROTLI_BYTES, MAX_BROTLI_BYTES, weight } from '../scripts/bundle.js';

describe('the bundle of a browser', () => {
  it('imports nothing but rxjs with the root entry', async () => {
    const { imports } = await bundle(`export * from './src/index.js'`);
    expect(imports).toEqual(['rxjs']);
  });

  it('weighs at most 9 kB with the root entry', async () => {
    const bytes = await weight(`export * from './src/index.js'`);
    console.info(`root entry without rxjs: ${bytes} bytes brotli`);
    expect(bytes).toBeLessThanOrEqual(MAX_BROTLI_BYTES);
  });

  it('weighs what it is said to in an Angular application, with the core, without Angular and rxjs', async () => {
    const used = 'provideTokenManager, bearerInterceptor, withBearerTargets, withStore, injectAuthState';
    const application = `export { ${used}, injectTokenManager } from './src/angular/index.js'`;
    const bytes = await weight(application);
    const core = await weight(`export { createTokenManager } from './src/index.js'`);
    console.info(`rx-token/angular and core: ${bytes} bytes brotli, of which ${core} are createTokenManager`);
    expect(bytes).toBeLessThanOrEqual(MAX_ANGULAR_BROTLI_BYTES);
    const { code, imports } = await bundle(application);
    expect([...imports].sort()).toEqual(['@angular/common/http', '@angular/core', 'rxjs']);
    expect(code).not.toContain('test-token'); // what is for specs
  });

  it('holds mergeRotation alone when that is all one imports', async () => {
    const { code, imports, minifiedBytes } = await bundle(`export { mergeRotation } from './src/index.js'`);
    expect(imports).toEqual([]);
    expect(minifiedBytes).toBeLessThan(2500);
    expect(code).not.toMatch(/getValidToken|subscribe|scheduler/);
  });

  it('would tell if a module of Node got in', async () => {
    const { imports } = await bundle(`export * from './src/node/index.js'`);
    expect(imports).toContainEqual(expect.stringMatching(/^node:/));
  });
});
