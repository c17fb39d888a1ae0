// Run by check-package.ts in an app where rx-token is installed; gets [[name, file of its CommonJS build], …].
import { deepStrictEqual, ok } from 'node:assert';
import { createRequire } from 'node:module';
import { argv } from 'node:process';
import '@angular/compiler'; // Angular's packages are half compiled: where no build has finished that, they need it first

const require = createRequire(import.meta.url);
for (const [name, commonJs] of JSON.parse(argv[2])) {
  const imported = await import(name);
  const required = require(name);
  const names = Object.keys(imported).filter((key) => key !== 'module.exports');
  ok(names.length > 0, `${name} exports nothing`);
  for (const key of names) ok(required[key] === imported[key], `two copies of ${key} of ${name}`);
  deepStrictEqual(Object.keys(require(commonJs)).sort(), names.sort(), `the CommonJS build of ${name}`);
}
