import { ChangeDetectionStrategy, Component, computed, ElementRef, inject, input } from '@angular/core';
import { takeUntilDestroyed, toSignal } from '@angular/core/rxjs-interop';
import { animationFrames, interval, map, type Observable, startWith, throttleTime, timer } from 'rxjs';
import { SKEW_MS } from '../app/skewMs';
import type { Lane } from './lane';
import { clock } from './clock';
import { AXIS, scene } from './scene';
import { widthOf } from './widthOf';

/** Where `x` is 0. */
const epoch = Date.now();

/** Nothing here moves by more than half a pixel in that time. */
const FRAME_MS = 30;
const USUAL_LIFETIME_MS = 20_000;
const GRID_MS = 5_000;
const HUES = 7;

/** A marble diagram that moves on with time. What it needs to redraw when nothing happens is one number. */
@Component({
  selector: 'demo-timeline',
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './timeline.html',
  styleUrl: './timeline.css',
})
export class Timeline {
  readonly lanes = input.required<ReadonlyMap<number, Lane>>();
  readonly me = input<number>();

  private readonly host = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
  protected readonly width = toSignal(widthOf(this.host), { initialValue: 800 });
  protected readonly isNarrow = computed(() => this.width() < 560);
  protected readonly nowX = computed(() => Math.round(this.width() * (this.isNarrow() ? 0.64 : 0.71)));
  private readonly lifetimeMs = computed(() => {
    const life = this.lanes()
      .get(this.me() ?? NaN)
      ?.lives.at(-1);
    return life ? Math.round((life.expiresAt - life.issuedAt) / 1000) * 1000 : USUAL_LIFETIME_MS;
  });
  /** A token's life is a good part of the picture, but its marbles must not touch. */
  private readonly scale = computed(() => {
    const share = this.isNarrow() ? 0.42 : 0.29;
    const pxPerMs = Math.min(0.06, Math.max(0.008, (share * this.width()) / this.lifetimeMs()));
    return { epoch, pxPerMs, skewMs: SKEW_MS };
  });
  /** Moves on with the grid, for what comes and goes with time alone. */
  private readonly beat = toSignal(
    interval(GRID_MS).pipe(
      map(() => Date.now()),
      startWith(Date.now()),
    ),
    { requireSync: true },
  );

  protected readonly scene = computed(() => scene(this.lanes(), this.me(), this.beat(), this.scale()));
  protected readonly grid = computed(() => {
    const { pxPerMs } = this.scale();
    const first = Math.floor((this.beat() - this.width() / pxPerMs) / GRID_MS) * GRID_MS;
    const lines = Math.ceil((2 * this.width()) / pxPerMs / GRID_MS);
    return Array.from({ length: lines }, (_, index) => first + index * GRID_MS).map((at) => ({
      x: (at - epoch) * pxPerMs,
      label: (at / GRID_MS) % 2 === 0 ? clock(at) : '',
    }));
  });
  protected readonly description = computed(() =>
    this.scene()
      .rows.map(({ name, note, marbles }) => `${name}: ${note}, ${marbles.length} tokens so far.`)
      .join(' '),
  );
  protected readonly axis = AXIS;

  constructor() {
    const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const frame$: Observable<unknown> = isStill
      ? timer(0, 1000)
      : animationFrames().pipe(throttleTime(FRAME_MS));
    frame$.pipe(takeUntilDestroyed()).subscribe(() => {
      const { pxPerMs } = this.scale();
      this.host.style.setProperty('--shift', `${this.nowX() - (Date.now() - epoch) * pxPerMs}px`);
    });
  }

  /** One of the colours that marbles come in. */
  protected hue(serial: number | undefined): string {
    return serial === undefined ? 'hue-none' : `hue-${serial % HUES}`;
  }
}
