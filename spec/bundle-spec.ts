import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  bundle,
  coreOf,
  EXTRAS,
  MAX_ANGULAR_BROTLI_BYTES,
  MAX_BROTLI_BYTES,
  weight,
} from '../scripts/bundle.js';

describe('the bundle of a browser', () => {
  let coreBytes: number;
  beforeAll(async () => {
    coreBytes = await weight(await coreOf('./src/index.js'));
  });

  it('imports nothing but rxjs with the root entry', async () => {
    const { imports } = await bundle(`export * from './src/index.js'`);
    expect(imports).toEqual(['rxjs']);
  });

  it('weighs at most 9.9 kB with the core, which is the root entry without what is weighed below', () => {
    console.info(`core without rxjs: ${coreBytes} bytes brotli`);
    expect(coreBytes).toBeLessThanOrEqual(MAX_BROTLI_BYTES);
  });

  it.each(Object.entries(EXTRAS))('gains little with %s', async (extra, maxBytes) => {
    const bytes = (await weight(await coreOf('./src/index.js', extra))) - coreBytes;
    console.info(`${extra} adds ${bytes} bytes brotli to the core`);
    expect(bytes).toBeLessThanOrEqual(maxBytes);
    expect(bytes).toBeGreaterThan(100); // it is in the one, and not in the other
  });

  const ofExtras = /stores\/encrypted\/|tokenManagers|keyedManager|pool/;

  it.each(['createTokenManager', 'memoryStore', 'withToken'])(
    'has nothing of encrypted and tokenManagers in it when one imports %s',
    async (name) => {
      const { files, code } = await bundle(`export { ${name} } from './src/index.js'`);
      expect(files).not.toHaveLength(0);
      expect(files.filter((file) => ofExtras.test(file))).toEqual([]);
      expect(code).not.toMatch(/AES-GCM|HKDF|maxActive/);
    },
  );

  it('would tell if it had', async () => {
    const { files, code } = await bundle(`export { encrypted, tokenManagers } from './src/index.js'`);
    expect(files.filter((file) => ofExtras.test(file)).length).toBeGreaterThan(5);
    expect(code).toMatch(/AES-GCM/);
    expect(code).toMatch(/maxActive/);
  });

  it('weighs what it is said to in an Angular application, with the core, without Angular and rxjs', async () => {
    const used = 'provideTokenManager, bearerInterceptor, withBearerTargets, withStore, injectAuthState';
    const application = `export { ${used}, injectTokenManager } from './src/angular/index.js'`;
    const bytes = await weight(application);
    console.info(`rx-token/angular and core: ${bytes} bytes brotli`);
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
