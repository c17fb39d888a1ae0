import type * as OAuth from 'oauth4webapi';
import { ConfigurationError, RefreshUnavailableError } from '../errors.js';

export type OAuth4WebApi = typeof OAuth;

/**
 * What makes the requests, loaded by the first of them; in a page, before.
 *
 * @param load for the test of its absence
 */
export async function oauth4webapi(
  load: () => Promise<OAuth4WebApi> = () => import('oauth4webapi'),
): Promise<OAuth4WebApi> {
  try {
    return await load();
  } catch (error) {
    const { code, name } = Object(error) as { readonly code?: unknown; readonly name?: unknown };
    // in a page it is a file of the application, and the network may be down: browsers, and webpack
    if ((error instanceof TypeError && code === undefined) || name === 'ChunkLoadError') {
      throw new RefreshUnavailableError('oauth4webapi, which makes the requests, could not be loaded');
    }
    const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
    throw new ConfigurationError(
      isMissing
        ? 'rx-token/oauth makes its requests with oauth4webapi, which is not installed: npm install oauth4webapi'
        : 'rx-token/oauth makes its requests with oauth4webapi, which does not load',
    );
  }
}
