import { Observable } from 'rxjs';

/** The same for outsiders: shows nothing of what is inside, not even to `util.inspect`. */
export function concealed<T>(inner$: Observable<T>): Observable<T> {
  return new Observable((subscriber) => inner$.subscribe(subscriber));
}
