import { fsError } from './fsError.js';

/** Runs `step`, which writes `path`: what the system says becomes an error that may be shown. */
export async function writing<T>(path: string, step: () => Promise<T> | T): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw fsError('store_unwritable', path, error);
  }
}
