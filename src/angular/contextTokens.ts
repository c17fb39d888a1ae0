import { HttpContextToken } from '@angular/common/http';

/** True: this request gets no token. Default false. */
export const SKIP_BEARER = new HttpContextToken<boolean>(() => false);

/** The name of the manager whose token this request gets. Default: the first that has a target which matches. */
export const BEARER_MANAGER = new HttpContextToken<string | undefined>(() => undefined);

/** Where a manager's own callback asks. The URL, for requests may share a context. Default: this request is none. */
export const ASKED_AT = new HttpContextToken<string>(() => '');
