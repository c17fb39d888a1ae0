import { Injectable } from '@angular/core';
import { Subject } from 'rxjs';
import type { Attempt } from '../timeline/lane';

/** An {@link Attempt}, when it begins and when it ends. */
export interface Attempted extends Attempt {
  /** Whose attempt it is: the same for a request and its replay. */
  readonly request: object;
}

/** What goes to the API and comes back, each attempt by itself. */
@Injectable({ providedIn: 'root' })
export class Wire {
  readonly attempt$ = new Subject<Attempted>();
}
