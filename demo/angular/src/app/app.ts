import { ChangeDetectionStrategy, Component, computed, inject, signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { interval, map } from 'rxjs';
import { injectAuthState, injectTokenManager } from 'rx-token/angular';
import { Diary } from '../timeline/diary';
import { History } from '../timeline/history';
import { Legend } from '../timeline/legend';
import { Timeline } from '../timeline/timeline';
import { Requests } from '../requests/requests';
import { SignIn } from '../signIn/signIn';
import { accountName } from './accountName';
import { isLazy } from './preference';

@Component({
  selector: 'demo-app',
  imports: [Diary, Legend, Requests, Timeline],
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './app.html',
  styleUrl: './app.css',
})
export class App {
  private readonly tokens = injectTokenManager();
  protected readonly state = injectAuthState();
  protected readonly signIn = inject(SignIn);
  protected readonly history = inject(History);

  protected readonly name = toSignal(this.tokens.credentials$.pipe(map(accountName)));
  private readonly expiresAt = toSignal(this.tokens.credentials$.pipe(map((held) => held?.expires_at)));
  private readonly now = toSignal(interval(250).pipe(map(() => Date.now())), { initialValue: Date.now() });
  protected readonly secondsLeft = computed(() =>
    Math.max(0, Math.ceil(((this.expiresAt() ?? 0) - this.now()) / 1000)),
  );
  protected readonly isSignedOut = computed(() => this.state().status === 'signed-out');
  protected readonly isSignedIn = computed(() => !['signed-out', 'loading'].includes(this.state().status));

  protected readonly isLazy = isLazy();
  protected readonly isEnding = signal(false);
  protected readonly trouble = signal<string | undefined>(undefined);

  /** The sign-out stands in any case; whether the server could be told is another matter. */
  protected async signOut(): Promise<void> {
    this.isEnding.set(true);
    this.trouble.set(undefined);
    await this.signIn
      .end()
      .catch(() => this.trouble.set('Signed out here, but the server could not be told.'));
    this.isEnding.set(false);
  }
}
