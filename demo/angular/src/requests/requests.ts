import { HttpClient } from '@angular/common/http';
import { ChangeDetectionStrategy, Component, computed, inject, signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import {
  catchError,
  concat,
  defer,
  EMPTY,
  exhaustMap,
  finalize,
  ignoreElements,
  type Observable,
  Subject,
} from 'rxjs';
import { injectTokenManager } from 'rx-token/angular';
import { History } from '../timeline/history';
import { injectVolleys } from './injectVolleys';
import type { Volley } from './volley';

/** What is done to the token first. */
export type Beforehand = 'nothing' | 'expire' | 'revoke';

interface Order {
  readonly count: number;
  readonly beforehand: Beforehand;
}

/** Fires requests, and shows what became of each. */
@Component({
  selector: 'demo-requests',
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './requests.html',
  styleUrl: './requests.css',
})
export class Requests {
  private readonly tokens = injectTokenManager();
  private readonly http = inject(HttpClient);
  private readonly history = inject(History);
  private readonly volleys = injectVolleys();

  private readonly orderedAt = signal(0);
  private readonly order$ = new Subject<Order>();
  protected readonly isBusy = signal(false);
  protected readonly beforehand = signal<Beforehand>('expire');
  protected readonly volley = toSignal(
    this.order$.pipe(
      exhaustMap(({ count, beforehand }) => {
        this.isBusy.set(true);
        this.orderedAt.set(Date.now());
        return concat(this.prepared(beforehand), this.volleys(count)).pipe(
          finalize(() => this.isBusy.set(false)),
        );
      }),
    ),
  );

  /** By the server's own account. */
  protected readonly refreshes = computed(() => {
    const { endedAt = Infinity } = this.volley() ?? {};
    return this.history.issuedAt().filter((at) => at >= this.orderedAt() && at <= endedAt).length;
  });
  protected readonly answered = computed(() => count(this.volley(), 'answered'));
  protected readonly failed = computed(() => count(this.volley(), 'failed'));
  protected readonly tookMs = computed(() => {
    const { startedAt = 0, endedAt = 0 } = this.volley() ?? {};
    return endedAt - startedAt;
  });
  protected readonly choices: readonly { readonly value: Beforehand; readonly label: string }[] = [
    { value: 'nothing', label: 'as it is' },
    { value: 'expire', label: 'expired' },
    { value: 'revoke', label: 'ended by the server' },
  ];

  protected fire(count: number, beforehand: Beforehand): void {
    this.order$.next({ count, beforehand });
  }

  /** Completes when it is done, also when it could not be. */
  private prepared(beforehand: Beforehand): Observable<never> {
    const steps: Readonly<Record<Beforehand, Observable<unknown>>> = {
      nothing: EMPTY,
      expire: defer(() => this.tokens.invalidate()),
      revoke: this.http.post('/api/token/end', null),
    };
    return steps[beforehand].pipe(
      ignoreElements(),
      catchError(() => EMPTY),
    );
  }
}

const count = (volley: Volley | undefined, fate: string): number =>
  volley?.fates.filter((known) => known === fate).length ?? 0;
