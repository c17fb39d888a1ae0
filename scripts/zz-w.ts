import { weight } from './bundle.js';
console.log(await weight("export * from './src/index.js'"));
