import { defineConfig, globalIgnores } from 'eslint/config';
import root from '../../eslint.config.js';

/** As everything else, when it is installed. */
export default defineConfig(
  globalIgnores(['demo/angular/{dist,node_modules}/']),
  root.filter(({ ignores, files }) => !ignores || files),
  {
    files: ['demo/angular/**/*.ts'],
    rules: {
      // an Angular component is a class, whatever it holds
      '@typescript-eslint/no-extraneous-class': 'off',
    },
  },
);
