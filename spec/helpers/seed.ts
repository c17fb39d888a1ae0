import fc from 'fast-check';

/** The same cases in each run, so that a red one is somebody's doing; `SEED=… npm test` looks elsewhere. */
fc.configureGlobal({ seed: Number(process.env['SEED'] ?? 20261121) });
