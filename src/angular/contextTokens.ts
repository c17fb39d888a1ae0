import { HttpContextToken } from '@angular/common/http';

/** True: this request gets no token. Default false. */
export const SKIP_BEARER = new HttpContextToken<boolean>(() => false);

/** The name of the manager whose token this request gets. Default: the first that has a target which matches. */
export const BEARER_MANAGER = new HttpContextToken<string | undefined>(() => undefined);

/** What a manager's own callback asks. More than a mark, for requests may share a context. Default: nothing. */
export const ASKED = new HttpContextToken<Asked | undefined>(() => undefined);

export interface Asked {
  readonly url: string;
  readonly method: string;
  readonly body: unknown;
}
